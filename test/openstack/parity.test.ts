/**
 * Where services are, judged by keystoneauth1: it is asked thousands of questions about the same cloud (by
 * reference.py, with the cloud's own Python), and what it answers is what we answer.
 */
import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { type ApiVersion, type EndpointFilter, Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { fileURLToPath } from "node:url"
import * as Support from "./support.js"

// -----------------------------------------------------------------------------
// questions
// -----------------------------------------------------------------------------

const methods = ["get_endpoint", "get_endpoint_data", "get_api_major_version"] as const

type Versions = Pick<EndpointFilter.EndpointFilter, "version" | "minVersion" | "maxVersion">

interface Question {
  readonly method: typeof methods[number]
  readonly serviceType: string
  readonly regionName: string | undefined
  readonly interface: string | ReadonlyArray<string> | undefined
  readonly versions: Versions
}

/** Beside the types in the catalog: other names of theirs, and what is not there. */
const otherNames = [
  "volume",
  "volumev2",
  "block-store",
  "bare-metal",
  "sharev2",
  "shared-file-system",
  "workflowv2",
  "dns",
  "no-such-service"
]

const regions = ["RegionOne", "RegionTwo", "RegionTLS", undefined, "RegionNine"]

const interfaces = [
  "public",
  "internal",
  "admin",
  ["internal", "public"],
  ["admin", "internal"],
  ["secret", "publicURL"],
  "secret",
  undefined
]

const ranges: ReadonlyArray<Versions> = [
  {},
  ...([0, 1, 2, 3, 9, 2.1, "1", "2.0", "v2", "2.1", "2.93", "3.14", "2.latest", "latest"] as const)
    .map((version) => ({ version })),
  { version: [2, 0] },
  { version: [3, "latest"] },
  ...([1, 2, "2.1", 3, "3.50", 9, "2.latest", "latest"] as const).map((minVersion) => ({ minVersion })),
  ...([0, 1, 2, 3, "2.1", "3.50", "2.latest", "9.9", "latest"] as const).map((maxVersion) => ({ maxVersion })),
  ...([
    [1, "3.latest"],
    [1, "latest"],
    [2, "2.latest"],
    ["2.1", "2.latest"],
    ["2.0", "2.1"],
    ["2.0", "2.0"],
    ["3.0", "3.50"],
    ["1.0", "1.5"],
    ["1.0", "2.0"],
    [8, "9.latest"],
    ["3.15", "3.latest"],
    ["latest", "latest"],
    ["2.latest", "2.latest"],
    [1, 1],
    [2, 2],
    [1, 3],
    [2, 1],
    ["latest", 2]
  ] as const).map(([minVersion, maxVersion]) => ({ minVersion, maxVersion })),
  { version: 2, minVersion: 1 },
  { version: 2, maxVersion: 3 }
]

/** The places that most ask for: there, every question is asked, and elsewhere one of five. */
const isBeaten = (regionName: string | undefined, wanted: Question["interface"]): boolean =>
  regionName !== "RegionNine" && ["public", "internal", "internal,public"].includes(String(wanted))

const questionsAbout = (serviceTypes: ReadonlyArray<string>): ReadonlyArray<Question> => {
  const questions: Array<Question> = []
  let turn = 0
  for (const serviceType of serviceTypes) {
    for (const regionName of regions) {
      for (const wanted of interfaces) {
        for (const versions of ranges) {
          for (const method of methods) {
            if (isBeaten(regionName, wanted) || turn++ % 5 === 0) {
              questions.push({ method, serviceType, regionName, interface: wanted, versions })
            }
          }
        }
      }
    }
  }
  return questions
}

const show = ({ interface: wanted, method, regionName, serviceType, versions }: Question): string =>
  `${method} ${serviceType} ${regionName ?? "any region"} ${JSON.stringify(wanted ?? null)} ${JSON.stringify(versions)}`

// -----------------------------------------------------------------------------
// answers
// -----------------------------------------------------------------------------

type Fields = Readonly<Record<string, string | null>>

type Answer =
  | { readonly _tag: "Found"; readonly fields: Fields }
  /** It is not in the catalog. */
  | { readonly _tag: "NotFound" }
  /** It is, but not in a version that is wanted, or none is known. */
  | { readonly _tag: "NoVersion" }
  /** The question makes no sense. */
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Broken"; readonly error: string }

const notFound: Answer = { _tag: "NotFound" }
const noVersion: Answer = { _tag: "NoVersion" }
const refused: Answer = { _tag: "Refused" }
const missing: Answer = { _tag: "Broken", error: "no answer" }

const Answers = Schema.parseJson(
  Schema.Array(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.String) })))
)

const fromReference = (answer: Fields | null): Answer => {
  if (answer === null) {
    return noVersion
  }
  switch (answer["error"]) {
    case undefined:
      return { _tag: "Found", fields: answer }
    case "EndpointNotFound":
    case "EmptyCatalog":
      return notFound
    case "DiscoveryFailure":
      return noVersion
    case "TypeError":
    case "ValueError":
    case "ImpliedVersionMismatch":
    case "ImpliedMinVersionMismatch":
    case "ImpliedMaxVersionMismatch":
      return answer["message"]?.startsWith("Programming error") === true
        ? { _tag: "Broken", error: `${answer["error"]}: ${answer["message"]}` }
        : refused
    default:
      return { _tag: "Broken", error: `${answer["error"]}: ${answer["message"]}` }
  }
}

/** keystoneauth1's answers. */
const reference = (questions: ReadonlyArray<Question>) =>
  Effect.gen(function*() {
    const { directory } = yield* Support.Cloud
    const asked = questions.map(({ interface: wanted, method, regionName, serviceType, versions }) => ({
      method,
      service_type: serviceType,
      region_name: regionName ?? null,
      interface: wanted ?? null,
      version: versions.version ?? null,
      min_version: versions.minVersion ?? null,
      max_version: versions.maxVersion ?? null
    }))
    // as the cloud's own `check` runs it: common.sh knows the Python and the environment that it needs
    const run = ". \"$0/lib/common.sh\"; clean_env check; exec \"${CLEAN[@]}\" \"$VENV/bin/python\" \"$1\" \"$STATE\""
    const answers = yield* Command.make("bash", "-c", run, directory, program).pipe(
      Command.feed(JSON.stringify(asked)),
      Command.stderr("inherit"),
      Command.string,
      Effect.flatMap(Schema.decode(Answers)),
      Effect.orDie
    )
    assert.strictEqual(answers.length, questions.length)
    return answers.map(fromReference)
  }).pipe(Effect.provide(NodeContext.layer))

const program = fileURLToPath(new URL("reference.py", import.meta.url))

const text = (version: ApiVersion.ApiVersion | undefined): string | null => version?.toString() ?? null

/** Ours. */
const ask = ({ method, versions, ...where }: Question) =>
  Effect.gen(function*() {
    const filter = { ...where, ...versions }
    if (method === "get_api_major_version") {
      const version = text(yield* Session.apiMajorVersion(filter))
      return version === null ? noVersion : found({ api_version: version })
    }
    const data = yield* Session.endpointData(filter, { discoverVersions: method === "get_endpoint_data" })
    return method === "get_endpoint" ? found({ url: data.url }) : found({
      url: data.url,
      catalog_url: data.catalogUrl,
      api_version: text(data.apiVersion),
      min_microversion: text(data.minMicroversion),
      max_microversion: text(data.maxMicroversion),
      next_min_version: text(data.nextMinVersion),
      not_before: data.notBefore ?? null,
      status: data.status ?? null,
      interface: data.interface ?? null,
      region_name: data.regionName ?? null,
      service_type: data.serviceType ?? null,
      service_name: data.serviceName ?? null,
      service_id: data.serviceId ?? null,
      endpoint_id: data.endpointId ?? null
    })
  }).pipe(
    Effect.catchTags({
      EndpointNotFound: () => Effect.succeed(notFound),
      DiscoveryFailed: () => Effect.succeed(noVersion),
      InvalidVersion: () => Effect.succeed(refused)
    }),
    Effect.catchAll((error) => Effect.succeed<Answer>({ _tag: "Broken", error: String(error) }))
  )

const found = (fields: Fields): Answer => ({ _tag: "Found", fields })

/** What two answers differ in; nothing if they are equal. */
const differences = (theirs: Answer, ours: Answer): ReadonlyArray<string> => {
  if (theirs._tag !== "Found" || ours._tag !== "Found") {
    return theirs._tag === ours._tag && theirs._tag !== "Broken"
      ? []
      : [`theirs ${JSON.stringify(theirs)}, ours ${JSON.stringify(ours)}`]
  }
  return Object.keys({ ...theirs.fields, ...ours.fields })
    .filter((name) => theirs.fields[name] !== ours.fields[name])
    .map((name) => `${name}: theirs ${theirs.fields[name]}, ours ${ours.fields[name]}`)
}

// -----------------------------------------------------------------------------
// differences on purpose
// -----------------------------------------------------------------------------

/**
 * What keystoneauth reads in another way than we do (`quirk`: of the register of its quirks), and how it must be asked
 * to understand the same: our answer must be the one that it gives then. Each applies to what those above it have left.
 */
const misread: ReadonlyArray<{
  readonly quirk: number
  readonly what: string
  readonly instead: (versions: Versions, serviceType: string) => Versions | undefined
}> = [
  {
    quirk: 9,
    what: "`latest` of a type that fixes its major version is the latest of that",
    instead: ({ version }, serviceType) => {
      const major = fixedMajor(serviceType)
      return version === "latest" && major !== undefined ? { version: `${major}.latest` } : undefined
    }
  },
  {
    quirk: 10,
    what: "0 is a version",
    instead: ({ maxVersion, minVersion, version }) =>
      version === 0
        ? { version: "0.0" }
        : minVersion === undefined && maxVersion === 0
        ? { minVersion: "0.0", maxVersion: "0.latest" }
        : undefined
  },
  {
    quirk: 2,
    what: "a maximum alone is a range",
    instead: ({ maxVersion, minVersion, version }, serviceType) =>
      version === undefined && minVersion === undefined && maxVersion !== undefined && maxVersion !== "latest" &&
        fixedMajor(serviceType) === undefined
        ? { minVersion: "0.0", maxVersion }
        : undefined
  },
  {
    quirk: 3,
    what: "a major version as maximum includes its minor ones",
    instead: ({ maxVersion, minVersion, version }) =>
      version === undefined && typeof maxVersion === "number"
        ? { minVersion, maxVersion: `${maxVersion}.latest` }
        : undefined
  }
]

/** What keystoneauth answers wrongly, however it is asked, and what is right. */
const misanswered: ReadonlyArray<{
  readonly quirk: number
  readonly what: string
  readonly right: (versions: Versions, theirs: Answer) => Answer | undefined
}> = [
  {
    quirk: 11,
    what: "a fractional number is no version",
    right: ({ version }) => typeof version === "number" && !Number.isInteger(version) ? refused : undefined
  },
  {
    quirk: 7,
    what: "two types of the catalog match, and neither has such an endpoint: there is none",
    right: (_, theirs) =>
      theirs._tag === "Broken" && theirs.error === "ValueError: Programming error choosing an endpoint."
        ? notFound
        : undefined
  }
]

/** Old types are of one major version: `volumev2`. */
const fixedMajor = (serviceType: string): number | undefined => {
  const [, major] = /v(\d)$/.exec(serviceType) ?? []
  return major === undefined ? undefined : Number(major)
}

/** The question as keystoneauth must be asked, and why. */
const corrected = (question: Question): { readonly question: Question; readonly quirks: ReadonlyArray<number> } => {
  let versions = question.versions
  const quirks: Array<number> = []
  for (const { instead, quirk } of misread) {
    const better = instead(versions, question.serviceType)
    if (better !== undefined) {
      versions = better
      quirks.push(quirk)
    }
  }
  return { question: { ...question, versions }, quirks }
}

/** The answer that is right, and why. */
const right = (
  question: Question,
  theirs: Answer,
  quirks: ReadonlyArray<number> = []
): { readonly answer: Answer; readonly quirks: ReadonlyArray<number> } => {
  for (const { quirk, right } of misanswered) {
    const better = right(question.versions, theirs)
    if (better !== undefined) {
      return { answer: better, quirks: [...quirks, quirk] }
    }
  }
  return { answer: theirs, quirks }
}

// -----------------------------------------------------------------------------
// tests
// -----------------------------------------------------------------------------

/** A session that also reaches RegionTLS. */
const trusting = Layer.unwrapEffect(
  Effect.map(
    Support.fixtures,
    ({ tls }) => Session.layer().pipe(Layer.provide(NodeTransport.layer({ caCert: tls.ca })))
  )
)

Support.onOpenStack("As keystoneauth1", (test) => {
  test(
    "each service, by each of its names, in each region, by each interface, in each range of versions",
    () =>
      Effect.gen(function*() {
        const { catalog } = yield* Support.access
        const serviceTypes = catalog?.serviceTypes ?? []
        assert.isAtLeast(serviceTypes.length, 11)
        const questions = questionsAbout([...serviceTypes, ...otherNames])
        const [theirs, ours] = yield* Effect.zip(reference(questions), Effect.forEach(questions, ask), {
          concurrent: true
        })

        const different = questions.flatMap((question, i) => {
          const answers = { theirs: theirs[i] ?? missing, ours: ours[i] ?? missing }
          return differences(answers.theirs, answers.ours).length === 0 ? [] : [{ question, ...answers }]
        })
        const asked = different.map(({ question }) => corrected(question))
        const answered = yield* reference(asked.map(({ question }) => question))

        const onPurpose = new Map<string, number>()
        const unexplained: Array<string> = []
        for (const [i, { ours, question, theirs }] of different.entries()) {
          const reasons = [right(question, theirs), right(question, answered[i] ?? missing, asked[i]?.quirks)]
          const reason = reasons.find(({ answer, quirks }) =>
            quirks.length > 0 && differences(answer, ours).length === 0
          )
          if (reason === undefined) {
            unexplained.push(`${show(question)}: ${differences(theirs, ours).join(", ")}`)
          } else {
            const key = reason.quirks.join(" and ")
            onPurpose.set(key, (onPurpose.get(key) ?? 0) + 1)
          }
        }
        const located = new Set(
          questions.flatMap(({ serviceType }, i) => theirs[i]?._tag === "Found" ? [serviceType] : [])
        )
        const share = (tag: Answer["_tag"]) => `${theirs.filter((answer) => answer._tag === tag).length} ${tag}`
        console.log([
          `as keystoneauth1: ${questions.length} questions, ${questions.length - different.length} answers equal`,
          `(its answers: ${[share("Found"), share("NotFound"), share("NoVersion"), share("Refused")].join(", ")})`,
          ...Array.from(onPurpose, ([quirks, count]) => `${count} different for quirk ${quirks}`),
          `${unexplained.length} different for no reason`
        ].join("\n  "))
        assert.deepStrictEqual(unexplained.slice(0, 50), [], `${unexplained.length} in all`)
        assert.includeMembers([...located], [...serviceTypes], "a service is not there")
        const met = new Set(Array.from(onPurpose.keys()).flatMap((quirks) => quirks.split(" and ").map(Number)))
        for (const { quirk, what } of [...misread, ...misanswered]) {
          assert.isTrue(met.has(quirk), `no difference any more for quirk ${quirk} (${what})`)
        }
      }).pipe(Effect.provide(Support.password()), Effect.provide(trusting)),
    300_000
  )
}, ["undici"])
