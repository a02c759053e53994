/**
 * Where a plugin differs from keystoneauth by a decision. A rule compares keystoneauth's requests and result with
 * ours. It applies only if ours are exactly what the decision says.
 */
import type { Headers } from "@effect/platform"
import { Either } from "effect"
import type { AuthPlugin } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import type { Json } from "./catalogs.js"
import type * as Recorded from "./recorded.js"

/** The result of reading a plugin's headers once, in keystoneauth and here. */
export interface Asked {
  readonly type: string
  readonly options: Json
  /** keystoneauth's result. */
  readonly expected: {
    readonly headers: Json | null | undefined
    /** Its error, if any. */
    readonly kind: string | undefined
    /** The options that its error names. */
    readonly named: ReadonlyArray<string>
    readonly requests: ReadonlyArray<Recorded.Request>
  }
  readonly outcome: Either.Either<Headers.Headers, AuthPlugin.Error>
  readonly requests: ReadonlyArray<Recorded.Request>
}

interface Rule {
  readonly name: string
  readonly holds: (asked: Asked) => boolean
}

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/** keystoneauth's names for our errors. */
const kinds: Readonly<Record<string, ReadonlyArray<string>>> = {
  DiscoveryFailed: ["DiscoveryFailure"],
  InternalServerError: ["InternalServerError"],
  InvalidOptions: [
    "AuthorizationFailure",
    "MissingRequiredOptions",
    "NoMatchingPlugin",
    "OptionError",
    // an unknown argument of a constructor, and an unreadable login
    "TypeError",
    "ValueError"
  ],
  InvalidResponse: ["InvalidResponse", "ClientException"],
  MissingAuthMethods: ["MissingAuthMethods"],
  NotFound: ["NotFound"],
  TimedOut: ["ConnectTimeout"],
  // also a timeout of the HttpClient below; those of a Session are TimedOut
  TransportError: ["ConnectFailure", "ConnectTimeout", "SSLError"],
  // a client refused by an OAuth 2 endpoint
  Unauthorized: ["Unauthorized", "ClientException"]
}

export const isKind = (error: { readonly _tag: string }, kind: string | undefined): boolean =>
  kind !== undefined && kinds[error._tag]?.includes(kind) === true

/** Python's own errors, which do not describe the problem. */
const accidents: ReadonlyArray<string | undefined> = [
  "AssertionError",
  "AttributeError",
  "Exception",
  "JSONDecodeError",
  "KeyError",
  "TypeError"
]

/** The same error, or ours where keystoneauth leaks one of Python's. */
export const isRefusal = (error: { readonly _tag: string }, kind: string | undefined): boolean =>
  isKind(error, kind) || (error._tag === "InvalidOptions" && accidents.includes(kind))

// -----------------------------------------------------------------------------
// what can be observed
// -----------------------------------------------------------------------------

const key = (request: Recorded.Request) => JSON.stringify(request)

const isLogin = ({ method }: Recorded.Request) => method === "POST"

const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce((inner, name) => isRecord(inner) ? inner[name] : undefined, value)

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== "" && value !== false

const failure = ({ outcome }: Asked): AuthPlugin.Error | undefined => Either.isLeft(outcome) ? outcome.left : undefined

/** Fails with `InvalidOptions`, and sends nothing but the discovery that keystoneauth sends too. */
const refusedAtOnce = (asked: Asked): boolean =>
  failure(asked)?._tag === "InvalidOptions" && !asked.requests.some(isLogin) &&
  asked.requests.every((request, i) => key(request) === key(asked.expected.requests[i]!))

/** The `auth` that keystoneauth sent. */
const sentAuth = ({ expected }: Asked): unknown => at(expected.requests.findLast(isLogin)?.body, "auth")

/** A signature in the form of `Signatures.checked`. */
const isRightlySigned = "\"isRight\":true"

const loginUrl = (requests: ReadonlyArray<Recorded.Request>) => requests.findLast(isLogin)?.url

// -----------------------------------------------------------------------------
// incomplete logins
// -----------------------------------------------------------------------------

const hasDomain = (value: unknown) => isGiven(at(value, "domain", "id")) || isGiven(at(value, "domain", "name"))

/** A user or a project: by id, or by name and domain. */
const isNamed = (value: unknown) => isGiven(at(value, "id")) || (isGiven(at(value, "name")) && hasDomain(value))

const isCredential = (value: unknown) =>
  isGiven(at(value, "secret")) &&
  (isGiven(at(value, "id")) || (isGiven(at(value, "name")) && isNamed(at(value, "user"))))

const isMethod = (name: string, value: unknown): boolean => {
  switch (name) {
    case "password":
      return isNamed(at(value, "user")) && isGiven(at(value, "user", "password"))
    case "totp":
      return isNamed(at(value, "user")) && isGiven(at(value, "user", "passcode"))
    case "token":
      return isGiven(at(value, "id"))
    case "application_credential":
      return isCredential(value)
    default:
      return true
  }
}

/** Whether Keystone's schema would refuse it. `test/openstack/incomplete.test.ts` checks that with a real Keystone. */
export const isIncomplete = (auth: unknown): boolean => {
  const identity = at(auth, "identity")
  const methods = at(identity, "methods")
  const project = at(auth, "scope", "project")
  const v2 = at(auth, "passwordCredentials")
  return (Array.isArray(methods) && methods.some((name: string) => !isMethod(name, at(identity, name)))) ||
    (project !== undefined && !isNamed(project)) ||
    (v2 !== undefined &&
      (!isGiven(at(v2, "password")) || !(isGiven(at(v2, "username")) || isGiven(at(v2, "userId"))))) ||
    (at(auth, "token") !== undefined && !isGiven(at(auth, "token", "id")))
}

/** No user or no secret, for either version. */
const isAnonymous = ({ options, type }: Asked): boolean =>
  type === "password"
    ? !isGiven(options["password"]) || !(isGiven(options["user_id"]) || isGiven(options["username"]))
    : type === "token" && !isGiven(options["token"])

/** Complete for v2.0, but not for v3. */
const lacksDomain = ({ options }: Asked): boolean => {
  const lacks = (of: string) =>
    ![`${of}_domain_id`, `${of}_domain_name`, "default_domain_id", "default_domain_name"].some((name) =>
      isGiven(options[name])
    )
  return (isGiven(options["username"]) && !isGiven(options["user_id"]) && lacks("user")) ||
    ((isGiven(options["project_name"]) || isGiven(options["tenant_name"])) && lacks("project"))
}

const scopes = ["project_id", "project_name", "domain_id", "domain_name"]

/** Scoped to a project and a domain at once: no token exists for it. */
const isTwofold = ({ options, type }: Asked) =>
  type === "v3tokenlessauth" &&
  scopes.slice(0, 2).some((name) => isGiven(options[name])) && scopes.slice(2).some((name) => isGiven(options[name]))

// -----------------------------------------------------------------------------
// rules
// -----------------------------------------------------------------------------

/** The scope beside an application credential is not sent, since Keystone refuses it. */
const withoutScope = (request: Recorded.Request): Recorded.Request => {
  const auth = at(request.body, "auth")
  const methods = at(auth, "identity", "methods")
  if (!isRecord(auth) || !Array.isArray(methods) || methods.join() !== "application_credential") {
    return request
  }
  const { scope: _, ...rest } = auth
  return { ...request, body: { auth: rest } }
}

const sameRequests = (ours: ReadonlyArray<Recorded.Request>, theirs: ReadonlyArray<Recorded.Request>) =>
  ours.map(key).join() === theirs.map(key).join()

const rules: ReadonlyArray<Rule> = [
  {
    // README, differences: keystoneauth sends it, and Keystone answers 400 or 401
    name: "an incomplete login is refused before it is sent",
    holds: (asked) => refusedAtOnce(asked) && isIncomplete(sentAuth(asked))
  },
  {
    // keystoneauth gives no headers, or an empty pair, and its Session fails to authenticate
    name: "a plugin without credentials says so",
    holds: (asked) =>
      refusedAtOnce(asked) && asked.expected.requests.length === 0 && asked.expected.kind === undefined &&
      (asked.expected.headers === null || isTwofold(asked))
  },
  {
    // keystoneauth notices after it has requested the versions
    name: "contradictory scopes are refused before anything is asked",
    holds: (asked) => refusedAtOnce(asked) && asked.expected.kind === "AuthorizationFailure"
  },
  {
    name: "Q51: no scope is sent with an application credential",
    holds: ({ expected, outcome, requests }) => {
      const wanted = expected.requests.map(withoutScope)
      return Either.isRight(outcome) && !sameRequests(wanted, expected.requests) && sameRequests(requests, wanted)
    }
  },
  {
    name: "Q50: a system scope other than all is refused",
    holds: (asked) =>
      refusedAtOnce(asked) && isGiven(asked.options["system_scope"]) && asked.options["system_scope"] !== "all"
  },
  {
    // the body of a login cannot have both: keystoneauth sends one of them, and both names
    name: "a method that is there twice is refused",
    holds: (asked) => {
      const methods = asked.options["auth_methods"]
      return refusedAtOnce(asked) && Array.isArray(methods) && new Set(methods).size < methods.length
    }
  },
  {
    // keystoneauth appends its path to them
    name: "an auth URL with a query or a fragment is refused",
    holds: (asked) => refusedAtOnce(asked) && /[?#]/.test(String(asked.options["auth_url"]))
  },
  {
    name: "Q78: what is empty is not given",
    holds: (asked) => {
      const error = failure(asked)
      return error?._tag === "InvalidOptions" && refusedAtOnce(asked) &&
        error.option.split(", ").some((name) => asked.options[name] === "")
    }
  },
  {
    name: "Q57: methods in a text are a list",
    holds: ({ expected, options, requests }) => {
      const listed = options["auth_methods"]
      return expected.kind === "NoMatchingPlugin" && typeof listed === "string" &&
        JSON.stringify(at(requests.findLast(isLogin)?.body, "auth", "identity", "methods")) ===
          JSON.stringify(listed.split(",").map((name) => name.trim().replace(/^v3/, "")))
    }
  },
  {
    name: "Q47: without authentication no token is sent",
    holds: ({ outcome, requests, type }) =>
      type === "none" && Either.isRight(outcome) && Object.keys(outcome.right).length === 0 && requests.length === 0
  },
  {
    // keystoneauth requests the versions first, and may find none that it can use
    name: "Q23: a generic plugin without user or secret says so",
    holds: (asked) => refusedAtOnce(asked) && isAnonymous(asked)
  },
  {
    // v2.0 is used if there is no v3, but not for the system; the error names what v3 lacks
    name: "Q21: v3 is preferred to v2.0",
    holds: (asked) =>
      loginUrl(asked.expected.requests)?.endsWith("/v2.0/tokens") === true &&
      (loginUrl(asked.requests)?.endsWith("/v3/auth/tokens") === true ||
        (refusedAtOnce(asked) && lacksDomain(asked)) ||
        (failure(asked)?._tag === "DiscoveryFailed" && isGiven(asked.options["system_scope"])))
  },
  {
    // keystoneauth accepts any path that begins with it
    name: "Q22: without a version document a segment of the URL's path says the version",
    holds: (asked) => {
      const authUrl = String(asked.options["auth_url"])
      return /\/v(2\.0|3(\.\d+)?)(\/|$)/.test(authUrl)
        ? asked.expected.kind === "DiscoveryFailure" &&
          (loginUrl(asked.requests)?.startsWith(authUrl) === true || (refusedAtOnce(asked) && lacksDomain(asked)))
        : /^https?:\/\/[^/]+\/v(2\.0|3)/i.test(authUrl) && failure(asked)?._tag === "DiscoveryFailed" &&
          loginUrl(asked.requests) === undefined
    }
  },
  {
    // keystoneauth's loaders require it, its constructors do not; here both are the same
    name: "the name beside an id needs no domain",
    holds: ({ expected, options, outcome, requests }) => {
      const auth = at(requests.findLast(isLogin)?.body, "auth")
      const sent = [
        at(auth, "scope", "project", "id"),
        at(auth, "identity", "password", "user", "id"),
        at(auth, "identity", "totp", "user", "id")
      ]
      return expected.kind === "OptionError" && Either.isRight(outcome) &&
        [["project_id", "project_name"], ["user_id", "username"]].some(([id, name]) =>
          isGiven(options[id!]) && isGiven(options[name!]) && sent.includes(options[id!])
        )
    }
  },
  {
    // as in Keystone (Q51): an OAuth 1 access token has its own project
    name: "no scope can be said with OAuth 1",
    holds: (asked) => {
      const error = failure(asked)
      return asked.type === "v3oauth1" && error?._tag === "InvalidOptions" && asked.requests.length === 0 &&
        isGiven(at(sentAuth(asked), "scope")) && isGiven(asked.options[error.option])
    }
  },
  {
    // our signature is right, keystoneauth's is not
    name: "Q74: OAuth 1 signs what is asked",
    holds: ({ expected, requests }) =>
      requests.length === expected.requests.length && requests.length > 0 &&
      requests.every(({ headers }) => headers["authorization"]?.includes(isRightlySigned) === true) &&
      expected.requests.every(({ headers }) => headers["authorization"]?.includes(isRightlySigned) === false)
  },
  {
    name: "Q41: an answer without an access token is no login",
    holds: (asked) =>
      failure(asked)?._tag === "InvalidResponse" && asked.expected.headers?.["Authorization"] === "Bearer None"
  },
  {
    // its constructor requires an endpoint, its options do not
    name: "without an endpoint requests need absolute URLs",
    holds: ({ expected, options, outcome, requests, type }) =>
      type === "admin_token" && Either.isRight(outcome) && requests.length === 0 &&
      accidents.includes(expected.kind) && !isGiven(options["endpoint"])
  },
  {
    name: "Q23, Q71: where Python's own errors leak, there is one that says what is wrong",
    holds: (asked) => failure(asked) !== undefined && accidents.includes(asked.expected.kind)
  },
  {
    name: "N2: keystoneauth waits for itself for ever",
    holds: ({ expected }) => expected.kind === "Deadlock"
  }
]

/** The first rule that applies. */
export const decided = (asked: Asked): string | undefined => rules.find(({ holds }) => holds(asked))?.name
