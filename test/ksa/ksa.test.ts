import { Terminal } from "@effect/platform"
import { NodeContext, NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Console, Effect, Layer, Mailbox, Option, Redacted, Schema, Stream } from "effect"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"
import { Pipes } from "../../src/ksa/commands.js"
import { main } from "../../src/ksa/program.js"

const services = [TestCloud.compute({ servers: [{ name: "web-1", project: "demo" }] }), TestCloud.image()]

const served = TestCloud.layerServer({ services }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0 }))
)

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Circumstances {
  readonly terminal?: boolean | undefined
  /** The keys that the user types. */
  readonly typed?: string | undefined
  readonly stdin?: string | undefined
  /** Added to the environment. An empty one is removed from it. */
  readonly variables?: Readonly<Record<string, string>> | undefined
}

/** A terminal of 80 columns with a user who types. */
const terminal = ({ terminal = false, typed }: Circumstances, display: (text: string) => void) =>
  Layer.succeed(Terminal.Terminal, {
    columns: Effect.succeed(80),
    rows: Effect.succeed(24),
    isTTY: Effect.succeed(terminal),
    readLine: Effect.die("nobody reads lines"),
    display: (text) => Effect.sync(() => display(text)),
    readInput: Effect.gen(function*() {
      const mailbox = yield* Mailbox.make<Terminal.UserInput>()
      const key = (name: string, input: string) =>
        mailbox.unsafeOffer({
          input: Option.some(input),
          key: { name, ctrl: typed === undefined && name === "c", meta: false, shift: false }
        })
      for (const letter of typed ?? "") {
        key(letter, letter)
      }
      key(typed === undefined ? "c" : "enter", "")
      if (typed === undefined) {
        yield* mailbox.end
      }
      return mailbox
    })
  })

const ksa = (args: ReadonlyArray<string>, circumstances: Circumstances = {}) =>
  Effect.gen(function*() {
    const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
    const [out, err]: [Array<string>, Array<string>] = [[], []]
    const print = (lines: Array<string>) => (...texts: ReadonlyArray<unknown>) =>
      void lines.push(`${texts.map(String).join(" ")}\n`)
    const console = yield* Effect.console
    const captured: Console.Console = {
      ...console,
      log: (...texts) => Effect.sync(() => print(out)(...texts)),
      error: (...texts) => Effect.sync(() => print(err)(...texts)),
      unsafe: { ...console.unsafe, log: print(out), error: print(err), group: print(err), groupEnd: () => undefined }
    }
    const variables = {
      OS_AUTH_URL: authUrl,
      OS_USERNAME: demo.username,
      OS_PASSWORD: Redacted.value(demo.password),
      OS_USER_DOMAIN_NAME: demo.userDomainName,
      OS_PROJECT_NAME: demo.projectName,
      OS_PROJECT_DOMAIN_NAME: demo.projectDomainName,
      ...circumstances.variables
    }
    const code = yield* main(["node", "ksa", ...args]).pipe(
      Effect.withConsole(captured),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))),
      Effect.provideService(Pipes, {
        stdin: Stream.encodeText(Stream.make(circumstances.stdin ?? "")),
        write: (chunk) => Effect.sync(() => void out.push(new TextDecoder().decode(chunk)))
      }),
      Effect.provide(
        Layer.merge(NodeContext.layer, terminal(circumstances, (text) => void out.push(text)))
      )
    )
    return { code, out: out.join(""), err: err.join("") } satisfies Run
  })

const Printed = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const fields = (run: Run) => Schema.decode(Schema.parseJson(Printed))(run.out)

const rows = (run: Run) => Schema.decode(Schema.parseJson(Schema.Array(Printed)))(run.out)

layer(served, { excludeTestServices: true })("ksa", (it) => {
  const test = (
    name: string,
    body: Effect.Effect<void, unknown, TestCloud.TestCloud>
  ) => it.effect(name, () => Effect.orDie(body))

  test(
    "token issue prints a valid token, and token show its project",
    Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud.TestCloud
      const issued = yield* fields(yield* ksa(["token", "issue", "--format", "json"]))
      assert.strictEqual(issued["project_id"], demo.projectId)
      assert.strictEqual(issued["user_id"], demo.userId)
      const shown = yield* ksa([
        "--os-auth-type",
        "v3token",
        "--os-token",
        String(issued["id"]),
        "token",
        "show"
      ])
      assert.include(shown.out, `user\t${demo.username}\n`)
      assert.notInclude(shown.out, String(issued["id"]))
    })
  )

  test(
    "token revoke revokes a token",
    Effect.gen(function*() {
      const { id } = yield* fields(yield* ksa(["token", "issue", "--format", "json"]))
      assert.include((yield* ksa(["token", "revoke", String(id)])).out, "revoked")
      const again = yield* ksa(["token", "show", "--os-auth-type", "v3token", "--os-token", String(id)])
      assert.strictEqual(again.code, 3, again.err)
    })
  )

  test(
    "catalog, endpoint and versions print lines in pipes, or JSON",
    Effect.gen(function*() {
      const { baseUrl } = yield* TestCloud.TestCloud
      const { out } = yield* ksa(["catalog"])
      const lines = out.trimEnd().split("\n").map((line) => line.split("\t"))
      assert.isTrue(lines.every((cells) => cells.length === 5), out)
      assert.isTrue(lines.some(([, type, , word]) => type === "compute" && word === "public"))
      assert.strictEqual((yield* ksa(["endpoint", "compute"])).out, `${baseUrl}/compute/v2.1/\n`)
      const explained = yield* ksa(["endpoint", "compute", "--explain"])
      assert.include(explained.out, "requests go to")
      assert.include(explained.out, "its interface is internal")
      // without a version, requests go to the list of the versions
      assert.strictEqual((yield* ksa(["endpoint", "image"])).out, `${baseUrl}/image\n`)
      assert.include((yield* ksa(["endpoint", "image", "--explain"])).out, `that version is at ${baseUrl}/image/v2/`)
      const versions = yield* rows(yield* ksa(["versions", "--service", "compute", "--format", "json"]))
      assert.deepInclude(versions[0] ?? {}, { service_type: "compute", version: "2.1", status: "CURRENT", max: "2.90" })
    })
  )

  test(
    "request sends headers and a body from standard input, and prints the answer",
    Effect.gen(function*() {
      const { clearJournal, journal } = yield* TestCloud.TestCloud
      assert.include((yield* ksa(["request", "GET", "/servers", "--service", "compute"])).out, "\"web-1\"")
      yield* clearJournal
      const made = yield* ksa(
        [
          "request",
          "POST",
          "/servers",
          "--service",
          "compute",
          "--microversion",
          "2.60",
          "-H",
          "X-Trial: 7",
          "-i",
          "-d",
          "@-"
        ],
        { stdin: JSON.stringify({ server: { name: "web-2", flavorRef: "1", networks: "none" } }) }
      )
      assert.match(made.out, /^HTTP 20\d\n/)
      assert.include((yield* ksa(["request", "GET", "/servers", "--service", "compute"])).out, "\"web-2\"")
      const sent = (yield* journal).find(({ method, path }) => method === "POST" && path.endsWith("/servers"))
      assert.strictEqual(sent?.headers["x-trial"], "7")
      assert.strictEqual(sent?.headers["openstack-api-version"], "compute 2.60")
    })
  )

  test(
    "request prints an error answer, and exits with 5",
    Effect.gen(function*() {
      const refused = yield* ksa(["request", "GET", "/servers/none", "--service", "compute"])
      assert.strictEqual(refused.code, 5)
      assert.include(refused.out, "404")
    })
  )

  test(
    "a 300 is a success at the endpoint itself, and an error elsewhere",
    Effect.gen(function*() {
      for (const [line, code] of [["GET /", 0], ["GET /images", 5], ["POST /images", 5], ["DELETE /", 5]] as const) {
        const run = yield* ksa(["request", ...line.split(" "), "--service", "image"])
        assert.strictEqual(run.code, code, line)
        assert.include(run.out, "v2.16", line)
      }
    })
  )

  const wrong: ReadonlyArray<readonly [args: string, code: number, what: RegExp]> = [
    ["nonsense", 2, /Invalid subcommand/],
    ["endpoint", 2, /SERVICE/],
    ["--os-nonsense 1 catalog", 2, /os-nonsense/],
    ["token show --os-pasword x", 2, /did you mean --os-password/],
    ["catalog --nonsense", 2, /--nonsense/],
    ["token show --os-auth-type nonsense", 2, /nonsense/],
    ["token show --os-cacert /nowhere/ca.pem", 2, /\/nowhere\/ca.pem/],
    ["request GET / --service compute -H nonsense", 2, /Name: value/],
    ["request GET / --service compute --microversion x", 2, /microversion/],
    ["request POST / --service compute --data @/nowhere", 2, /\/nowhere/],
    ["token show --os-username nobody", 3, /nobody/],
    ["endpoint nonsense", 4, /nonsense/],
    ["token show --os-auth-url http://127.0.0.1:1/v3", 6, /could not connect/]
  ]

  for (const [args, code, what] of wrong) {
    test(
      `${args}: prints two lines, and exits with ${code}`,
      Effect.gen(function*() {
        const run = yield* ksa(args.split(" "))
        assert.strictEqual(run.code, code, run.err)
        assert.match(run.err, /^error: .+\n {7}.+\n$/)
        assert.match(run.err, what)
        assert.strictEqual(run.out, "")
      })
    )
  }

  test(
    "a missing secret is asked for only at a terminal",
    Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud.TestCloud
      const variables = { OS_PASSWORD: "" }
      const asked = yield* ksa(["token", "show"], { terminal: true, typed: Redacted.value(demo.password), variables })
      assert.strictEqual(asked.code, 0, asked.err)
      assert.include(asked.out, "Password")
      assert.notInclude(asked.out, Redacted.value(demo.password))
      const piped = yield* ksa(["token", "show"], { variables })
      assert.strictEqual(piped.code, 2)
      assert.include(piped.err, "password")
      assert.strictEqual((yield* ksa(["token", "show"], { terminal: true, variables })).code, 130)
    })
  )

  test(
    "tables at a terminal have 80 columns, and colours unless NO_COLOR is set",
    Effect.gen(function*() {
      const plain = (text: string) => text.replace(/\u001b\[[0-9;]*[mK]/g, "").split("\r").at(-1) ?? ""
      for (
        const args of [["token", "issue"], ["token", "show"], ["catalog"], ["versions"], ["doctor"], [
          "config",
          "explain"
        ]]
      ) {
        const { out } = yield* ksa(args, { terminal: true })
        assert.include(out, "\u001b[36m", args.join(" "))
        for (const line of plain(out).split("\n")) {
          assert.isAtMost(line.length, 80, line)
        }
        const { out: colourless } = yield* ksa(args, { terminal: true, variables: { NO_COLOR: "1" } })
        assert.notInclude(colourless, "\u001b[36m")
      }
    })
  )

  test(
    "config explain prints the source of each value",
    Effect.gen(function*() {
      const { out } = yield* ksa(["config", "explain", "--os-region-name", "here"])
      assert.include(out, "region_name\there\toption --os-region-name\n")
      assert.include(out, "auth.username\tdemo\tvariable OS_USERNAME\n")
      assert.include(out, "auth.password\t<redacted>\tvariable OS_PASSWORD\n")
      assert.include(out, "auth_type\tpassword\tdefault\n")
    })
  )

  test(
    "keys from options or variables and passwords in URLs are not printed",
    Effect.gen(function*() {
      const pem = "-----BEGIN PRIVATE KEY-----\nTUM0Q0FRQXdCUVlESzJWd0JDSUVJSA\n-----END PRIVATE KEY-----"
      const { authUrl } = yield* TestCloud.TestCloud
      const withPassword = authUrl.replace("://", "://adm:hunter2@")
      for (const key of [pem, Buffer.from(pem).toString("base64"), "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCg"]) {
        for (
          const [args, variables] of [
            [["--os-cert", "/nowhere/c.pem", "--os-key", key], {}],
            [[], { OS_CERT: "/nowhere/c.pem", OS_KEY: key }],
            [[], { OS_CERT: key, OS_AUTH_URL: withPassword }],
            [["--os-cacert", key, "--os-auth-url", withPassword], {}]
          ] as const
        ) {
          for (const command of [["config", "explain"], ["token", "issue"], ["doctor"], ["catalog", "--debug"]]) {
            const { err, out } = yield* ksa([...command, ...args], { variables })
            assert.notInclude(out + err, key)
            assert.notInclude(out + err, "hunter2")
            assert.notMatch(out + err, /TUM0Q0FRQX|LS0tLS1CRU/)
          }
        }
      }
      const missing = yield* ksa(["token", "issue", "--os-cert", "/nowhere/my c.pem"])
      assert.include(missing.err, "the file /nowhere/my c.pem cannot be read: NotFound")
    })
  )

  test(
    "doctor accepts a healthy cloud, and reports problems of others",
    Effect.gen(function*() {
      const { authUrl, behave, misbehave } = yield* TestCloud.TestCloud
      const sound = yield* ksa(["doctor"])
      assert.strictEqual(sound.code, 0, sound.out)
      assert.include(sound.out, "clock\tok\t")
      assert.notInclude(sound.out, "warning")
      yield* misbehave({ service: "compute", kind: { status: 503 } })
      const broken = yield* ksa(["doctor"]).pipe(Effect.ensuring(behave))
      assert.strictEqual(broken.code, 7)
      assert.match(broken.out, /^compute\tproblem\t.*503/m)
      assert.match((yield* ksa(["doctor", "--os-compute-api-version", "9"])).out, /^compute\tproblem\t.*9/m)
      assert.match((yield* ksa(["doctor", "--insecure"])).out, /^tls\twarning\t/m)
      assert.match((yield* ksa(["doctor", "--os-password", "wrong"])).out, /^login\tproblem\t/m)
      const v2 = yield* ksa(["doctor", "--os-auth-url", authUrl.replace(/v3$/, "v2.0")])
      assert.match(v2.out, /^keystone\twarning\tv2.0 is deprecated/m)
      const unscoped = yield* ksa(["doctor"], { variables: { OS_PROJECT_NAME: "", OS_PROJECT_DOMAIN_NAME: "" } })
      assert.match(unscoped.out, /^roles\twarning\t/m)
    })
  )

  test(
    "no command but token issue prints secrets",
    Effect.gen(function*() {
      const { secrets } = yield* TestCloud.TestCloud
      const shown: Array<string> = []
      for (
        const args of [
          "token show",
          "catalog",
          "endpoint compute --explain",
          "versions",
          "request GET /servers --service compute -i",
          "config explain",
          "doctor",
          "token revoke",
          "token show --os-project-name nonsense"
        ]
      ) {
        const { err, out } = yield* ksa([...args.split(" "), "--debug"])
        shown.push(out, err)
      }
      const all = shown.join("\n")
      assert.include(all, "curl -g -i -X GET")
      for (const secret of yield* secrets) {
        assert.notInclude(all, secret)
      }
    })
  )

  test(
    "help, version and completions are printed",
    Effect.gen(function*() {
      const help = yield* ksa(["--help"])
      for (
        const name of ["--os-cloud", "--os-auth-type", "--os-password", "--os-compute-endpoint-override", "doctor"]
      ) {
        assert.include(help.out, name)
      }
      assert.match((yield* ksa(["--version"])).out, /\d+\.\d+\.\d+/)
      for (const shell of ["bash", "zsh", "fish"]) {
        const { code, out } = yield* ksa(["--completions", shell])
        assert.strictEqual(code, 0)
        assert.include(out, "os-auth-url")
      }
    })
  )
})
