/**
 * Many clouds.yaml files, valid, invalid and hostile. Each is read correctly, or refused with line and key, in a short
 * time.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Either, Inspectable, Redacted } from "effect"
import { Errors } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"

interface File {
  readonly name: string
  readonly text: string | Uint8Array
  /** Checks the cloud, or matches the error. */
  readonly expected: ((cloud: CloudConfig.Service) => void) | RegExp
}

const files: Array<File> = []

/** Every file contains it, and nothing that is shown may. */
const secret = "s3cret-Pa55"

const withAuth = (auth: ReadonlyArray<string>, ...lines: ReadonlyArray<string>): string =>
  ["clouds:", "  mine:", "    auth:", ...auth.map((line) => `      ${line}`), ...lines.map((line) => `    ${line}`)]
    .join(
      "\n"
    )

const login = ["auth_url: https://a.test/v3", "username: demo", "user_domain_name: Default", `password: ${secret}`]

/** A cloud with these lines, from line 8 on. */
const cloud = (...lines: ReadonlyArray<string>): string => withAuth(login, ...lines)

const good = (name: string, text: string | Uint8Array, expected: (cloud: CloudConfig.Service) => void) =>
  void files.push({ name, text, expected })

const wrong = (name: string, text: string | Uint8Array, expected: RegExp) => void files.push({ name, text, expected })

const warned = (name: string, text: string, expected: RegExp) =>
  good(name, text, ({ warnings }) => {
    assert.match(warnings.map(Errors.describeProblem).join("; "), expected)
  })

const password = (cloud: CloudConfig.Service): unknown => {
  const given = cloud.auth["password"]
  return Redacted.isRedacted(given) ? Redacted.value(given) : given
}

// -----------------------------------------------------------------------------
// values
// -----------------------------------------------------------------------------

for (const word of ["true", "True", "TRUE", "yes", "Yes", "on", "1", "\"true\"", "'yes'"]) {
  good(`verify: ${word}`, cloud(`verify: ${word}`), ({ tls }) => assert.strictEqual(tls.insecure, false))
  good(`insecure: ${word}`, cloud(`insecure: ${word}`), ({ tls }) => assert.strictEqual(tls.insecure, true))
}
for (const word of ["false", "False", "FALSE", "no", "No", "off", "0", "\"false\"", "'no'"]) {
  good(`verify: ${word}`, cloud(`verify: ${word}`), ({ tls }) => assert.strictEqual(tls.insecure, true))
  good(`insecure: ${word}`, cloud(`insecure: ${word}`), ({ tls }) => assert.strictEqual(tls.insecure, false))
}
for (const word of ["perhaps", "/etc/ssl/ca.pem", "\"\\\"\"", "nope", "2", "y e s"]) {
  wrong(`verify: ${word}`, cloud(`verify: ${word}`), /clouds\.yaml, line 8: verify: expected true or false, got /)
  wrong(`insecure: ${word}`, cloud(`insecure: ${word}`), /clouds\.yaml, line 8: insecure: expected true or false, got /)
}
// ids that YAML would read as numbers, dates or booleans
for (
  const id of [
    "0123456",
    "0x1F",
    "1e3",
    "1_000",
    "0o17",
    "2020-01-01",
    "12:30:45",
    "1.10",
    "007",
    "+1",
    ".5",
    "on",
    "no"
  ]
) {
  good(`project_id: ${id}`, withAuth([...login, `project_id: ${id}`]), ({ auth }) => {
    assert.strictEqual(auth["project_id"], id)
  })
}
for (const [written, meant] of [["\"~\"", "~"], ["'null'", "null"], ["\"a b\"", "a b"], ["a # b", "a"], ["ä", "ä"]]) {
  good(`project_id: ${written}`, withAuth([...login, `project_id: ${written}`]), ({ auth }) => {
    assert.strictEqual(auth["project_id"], meant)
  })
}
for (const nothing of ["", "~", "null", "NULL", "\"\"", "''"]) {
  good(`project_id: ${nothing}`, withAuth([...login, `project_id: ${nothing}`]), ({ auth }) => {
    assert.notProperty(auth, "project_id")
  })
}
for (
  const text of [
    "p#ss",
    "p:ss",
    "{region_name}",
    "{",
    "%s",
    "$HOME",
    "a\\b",
    "*star",
    "&and",
    "!bang",
    "@at",
    "`tick`",
    "yes",
    "0123",
    "1e5",
    "null",
    " x ",
    "a: b",
    "# x",
    "[x]",
    "ü€😀"
  ]
) {
  good(
    `a password '${text}' in quotes`,
    withAuth(["auth_url: https://a.test/v3", "username: demo", `password: '${text}'`]),
    (cloud) => assert.strictEqual(password(cloud), text)
  )
}
for (
  const [version, major, microversion] of [
    ["2", "2.0", undefined],
    ["2.0", "2.0", undefined],
    ["2.1", "2.0", "2.1"],
    ["2.10", "2.0", "2.10"],
    ["2.79", "2.0", "2.79"],
    ["'2.100'", "2.0", "2.100"],
    ["v2.1", "2.0", "2.1"],
    ["10.5", "10.0", "10.5"]
  ] as const
) {
  good(`compute_api_version: ${version}`, cloud(`compute_api_version: ${version}`), ({ service }) => {
    const { defaultMicroversion, version } = service("compute")
    assert.strictEqual(Number(String(version)).toFixed(1), major)
    assert.strictEqual(defaultMicroversion === undefined ? undefined : String(defaultMicroversion), microversion)
  })
}
good("network_api_version: 2.0", cloud("network_api_version: 2.0"), ({ service }) => {
  assert.strictEqual(service("network").defaultMicroversion, undefined)
})
for (const version of ["two", "2.x", "-1", "2,1", "2.1.", "[2]", "1e1"]) {
  wrong(`compute_api_version: ${version}`, cloud(`compute_api_version: ${version}`), /line 8: compute_api_version: /)
}
for (const microversion of ["x", "2.", "-2.1", "2.1x"]) {
  wrong(
    `compute_default_microversion: ${microversion}`,
    cloud(`compute_default_microversion: ${microversion}`),
    /line 8: compute_default_microversion: .*such as 2\.79 or latest/
  )
}
for (
  const [key, values] of Object.entries({
    api_timeout: ["0", "-1", "soon", "1s", "0x10", "[1]", "1e99"],
    connect_retries: ["1.5", "-1", "many", "\"1 \""],
    status_code_retries: ["1.5", "x"],
    connect_retry_delay: ["-1", "x"],
    rate_limit: ["0", "fast", "-5"],
    concurrency: ["0", "1.5", "x"],
    retriable_status_codes: ["[500, x]", "often"]
  })
) {
  for (const value of values) {
    wrong(`${key}: ${value}`, cloud(`${key}: ${value}`), new RegExp(`line 8: ${key}: `))
  }
}
good(
  "seconds and numbers",
  cloud("api_timeout: 2.5", "connect_retries: 3", "rate_limit: 5", "concurrency: \"7\""),
  ({ session }) => {
    assert.deepInclude(session, { timeout: 2500, retries: { connect: 3 } })
    assert.deepStrictEqual(session.limits, { requestsPerSecond: 5, concurrency: 7 })
  }
)
good(
  "seconds of other keys are not the timeout",
  cloud("compute_connect_retry_delay: 2", "image_timeout: 5"),
  ({ service, session }) => {
    assert.strictEqual(session.timeout, undefined)
    assert.deepStrictEqual(service("compute").retries, { connectDelay: 2000 })
  }
)
for (const key of ["region_name", "cacert", "auth_type", "compute_endpoint_override", "profile"]) {
  wrong(`${key} as a list`, cloud(`${key}: [a, b]`), new RegExp(`line 8: ${key}: .*not a list`))
  wrong(
    `${key} as a mapping`,
    cloud(`${key}: { a: b }`),
    new RegExp(`line 8: ${key}: expected one value, not a mapping`)
  )
}
for (const key of ["username", "password", "auth_url"]) {
  const others = login.filter((line) => !line.startsWith(key))
  wrong(`auth.${key} as a list`, withAuth([`${key}: [${secret}]`, ...others]), new RegExp(`line 4: auth\\.${key}: `))
  wrong(
    `auth.${key} as a mapping`,
    withAuth([`${key}: { a: ${secret} }`, ...others]),
    new RegExp(`line 4: auth\\.${key}: `)
  )
  wrong(
    `no ${key}`,
    withAuth(key === "username" ? others.slice(0, 1) : others),
    /auth\.(auth_url|password) is required by auth type "password" and is not set/
  )
}

// -----------------------------------------------------------------------------
// keys
// -----------------------------------------------------------------------------

for (
  const [key, meant] of [
    ["regoin_name", "region_name"],
    ["reigon_name", "region_name"],
    ["verfy", "verify"],
    ["interfaces", "interface"],
    ["ca_cert", "cacert"],
    ["cacerts", "cacert"],
    ["authtype", "auth_type"],
    ["profil", "profile"],
    ["insecur", "insecure"],
    ["api_timout", "api_timeout"]
  ] as const
) {
  warned(
    `${key} for ${meant}`,
    cloud(`${key}: a`),
    new RegExp(`line 8: ${key}: unknown key; did you mean ${meant}\\?`)
  )
}
for (
  const [key, meant] of [
    ["usrname", "username"],
    ["pasword", "password"],
    ["project_nam", "project_name"],
    ["user_domian_name", "user_domain_name"],
    ["projct_id", "project_id"]
  ] as const
) {
  warned(
    `auth.${key} for ${meant}`,
    withAuth([...login, `${key}: ${secret}`]),
    new RegExp(
      `line 8: auth\\.${key}: ignored, since auth type "password" has no such option; did you mean ${meant}\\?`
    )
  )
}
for (
  const key of [
    "image_format: raw",
    "has_dns: false",
    "networks: [ { name: n } ]",
    "floating_ip_source: None",
    "cache: { a: 1 }"
  ]
) {
  good(`openstacksdk's ${key}`, cloud(key), ({ warnings }) => assert.deepStrictEqual(warnings, []))
}
good("hyphens", cloud("region-name: R", "compute-api-version: 2.5"), ({ service }) => {
  assert.deepInclude(service("compute"), { regionName: "R" })
  assert.strictEqual(String(service("compute").defaultMicroversion), "2.5")
})
wrong(
  "both spellings",
  cloud("region-name: R", "region_name: S"),
  /line 9: region_name: set twice, also in .*line 8/
)
wrong(
  "a key twice",
  cloud("region_name: R", "region_name: S"),
  /line 9: region_name: set twice, first in line 8/
)
wrong(
  "inside and outside of auth",
  cloud("username: other"),
  /line 8: username: differs from auth\.username .*line 5/
)
good(
  "the same inside and outside of auth",
  cloud("username: demo"),
  ({ auth }) => assert.strictEqual(auth["username"], "demo")
)
good("outside of auth", cloud("project_name: p", "project_domain_id: d"), ({ auth }) => {
  assert.deepInclude(auth, { project_name: "p", project_domain_id: "d" })
})
good("tenant", withAuth([...login, "tenant_name: t"]), ({ auth }) => assert.strictEqual(auth["project_name"], "t"))
good("tenant for v3", `${withAuth([...login, "tenant_id: t"])}\n    auth_type: v3password`, ({ auth }) => {
  assert.strictEqual(auth["project_id"], "t")
})
good(
  "project for v2",
  `${withAuth([...login.filter((l) => !/domain/.test(l)), "project_name: t"])}\n    auth_type: v2password`,
  ({ auth }) => {
    assert.strictEqual(auth["tenant_name"], "t")
  }
)
warned(
  "an old name",
  withAuth(login.map((line) => line.replace("username", "user_name"))),
  /line 5: auth\.user_name: deprecated name of auth\.username/
)
wrong("an unknown plugin", cloud("auth_type: v9"), /line 8: auth_type: there is no "v9"; there are admin_token/)
good("None", "clouds: { mine: { auth_type: None, auth: { endpoint: https://e.test } } }", ({ auth, authType }) => {
  assert.strictEqual(authType, "none")
  assert.strictEqual(auth["endpoint"], "https://e.test")
})
good(
  "factors, as a list",
  `${withAuth([...login, "passcode: '000123'"])}\n    auth_type: v3multifactor\n    auth_methods: [v3password, v3totp]`,
  ({ auth }) => {
    assert.deepStrictEqual(auth["auth_methods"], ["v3password", "v3totp"])
  }
)
wrong(
  "an unknown factor",
  `${cloud()}\n    auth_type: v3multifactor\n    auth_methods: v3password,v3sms`,
  /auth_methods: there is no "v3sms"/
)
wrong("several regions in one value", cloud("region_name: A,B"), /line 8: region_name: expected one region/)
wrong(
  "a region without a name",
  cloud("regions: [ { values: {} } ]"),
  /line 8: regions: expected the name of a region, or a mapping/
)
wrong(
  "an unknown region",
  cloud("region_name: Z", "regions: [A, B]"),
  /line 8: region_name: no region "Z"; there are A, B/
)
wrong(
  "an unknown profile",
  cloud("profile: vexxhots"),
  /line 8: profile: unknown profile "vexxhots"; did you mean vexxhost\?/
)
wrong("a retired cloud", cloud("profile: ultimum"), /line 8: profile: the cloud ultimum was shut down/)
warned("a deprecated cloud", cloud("profile: fuga"), /profile fuga: status: the cloud is marked deprecated/)
for (
  const name of [
    "auro",
    "binero",
    "catalyst",
    "citycloud",
    "conoha",
    "dreamcompute",
    "elastx",
    "entercloudsuite",
    "limestonenetworks",
    "otc",
    "otc-swiss",
    "ovh-us",
    "rackspace",
    "switchcloud",
    "switchengines",
    "zetta"
  ]
) {
  good(`profile ${name}`, withAuth(login.slice(1), `profile: ${name}`), ({ auth, warnings }) => {
    assert.match(String(auth["auth_url"]), /^https:\/\/[a-zA-Z0-9.-]+(:\d+)?(\/|$)/)
    assert.deepStrictEqual(warnings, [])
  })
}
wrong("cert and key", cloud("key: k.pem", "verify: x"), /verify/)
warned("a key without its certificate", cloud("key: k.pem"), /line 8: key: ignored, since cert is not set/)
warned("a CA without verification", cloud("verify: false", "cacert: ca.pem"), /line 9: cacert: ignored/)

good(
  "secrets in other keys",
  cloud(
    `metrics: { influxdb: { password: ${secret} } }`,
    `image_endpoint_override: https://u:${secret}@image.test`,
    `cache: { arguments: { auth: ${secret} } }`
  ),
  ({ service }) => assert.include(String(service("image").endpointOverride), secret)
)

// -----------------------------------------------------------------------------
// forms
// -----------------------------------------------------------------------------

for (
  const [name, text] of Object.entries({
    "clouds as a list": "clouds:\n  - mine",
    "clouds as a text": "clouds: mine"
  })
) {
  wrong(name, text, /clouds\.yaml, line 1: clouds: expected a mapping from names to clouds/)
}
for (
  const [name, text] of Object.entries({
    nothing: "",
    "a comment": "# nothing",
    "no clouds": "cloud: {}",
    "null": "clouds:"
  })
) {
  wrong(name, text, /clouds\.yaml: mine: the file has no clouds/)
}
wrong("another cloud", "clouds: { mien: {} }", /mine: no such cloud; did you mean mien\?/)
wrong("a cloud as a text", "clouds:\n  mine: demo", /line 2: mine: expected a mapping/)
wrong("auth as a text", `clouds:\n  mine:\n    auth: demo:${secret}`, /line 3: auth: expected a mapping/)
wrong("auth as a list", `clouds:\n  mine:\n    auth: [${secret}]`, /line 3: auth: expected a mapping/)
wrong("a list", "- clouds", /line 1: file: expected a mapping/)
wrong("a text", secret, /line 1: file: expected a mapping/)
const unquoted = (value: string): string => withAuth([...login.slice(0, 3), `password: ${value}`])
for (
  const [name, text, expected] of [
    ["an unclosed bracket", `${cloud()}\n    x: {a: ${secret}`, /line \d+: file: not valid YAML: /],
    ["an unclosed quote", unquoted(`"${secret}`), /line \d+: file: not valid YAML: a quote/],
    ["a tab", `clouds:\n\tmine: ${secret}`, /line 2: file: not valid YAML: .*tabs/],
    ["a wrong indent", `${cloud()}\n   x: y`, /line 8: file: not valid YAML/],
    ["a password with *", unquoted(`*${secret}`), /line 7: file: not valid YAML: put text that begins with \*/],
    ["a password with !", unquoted(`!${secret}`), /line 7: file: not valid YAML: put text that begins with !/],
    ["a password with @", unquoted(`@${secret}`), /line 7: file: not valid YAML: put text that begins with @/],
    ["a password with `", unquoted(`\`${secret}`), /line 7: file: not valid YAML: put text that begins with @ or `/],
    ["a password with ': '", unquoted(`x: ${secret}`), /line 7: file: not valid YAML: put text with ": "/],
    ["a password with {", unquoted(`{${secret}`), /line \d+: file: not valid YAML/],
    ["a password with [", unquoted(`]${secret}`), /line 7: file: not valid YAML/],
    [
      "a password with \\",
      unquoted(`"\\q${secret}"`),
      /line 7: file: not valid YAML: double a backslash in double quotes/
    ],
    ["a password with &", unquoted(`&${secret}`), /auth\.password is required by auth type "password" and is not set/],
    ["a password with &&", unquoted(`&a &${secret} x`), /line 7: file: not valid YAML: put text that begins with &/],
    ["two documents", `${cloud()}\n---\nclouds: {}`, /file: not valid YAML: the file must be one document/],
    [
      "a key that is a mapping",
      `${cloud()}\n    {a: ${secret}}: x`,
      /line 8: file: (not valid YAML|a key must be text)/
    ],
    ["a Python file", `password = "${secret}"\nclouds = {}`, /file: /],
    ["truncated JSON", `{"clouds": {"mine": {"auth": {"password": "${secret}"`, /file: not valid YAML/]
  ] as const
) {
  wrong(name, text, expected)
}
good(
  "JSON",
  JSON.stringify({ clouds: { mine: { auth: { auth_url: "https://a.test", password: "x" }, region_name: "R" } } }),
  ({ service }) => {
    assert.strictEqual(service("image").regionName, "R")
  }
)
good(
  "CRLF",
  cloud("region_name: R").replaceAll("\n", "\r\n"),
  ({ service }) => assert.strictEqual(service("x").regionName, "R")
)
good(
  "a byte order mark",
  `\uFEFF${cloud("region_name: R")}`,
  ({ service }) => assert.strictEqual(service("x").regionName, "R")
)
good(
  "mixed line ends",
  cloud("region_name: R").replace("\n", "\r\n"),
  ({ service }) => assert.strictEqual(service("x").regionName, "R")
)
good("names of object properties", cloud("__proto__: { a: b }", "constructor: x", "toString: y"), ({ warnings }) => {
  assert.deepStrictEqual(warnings.map(({ key }) => key), ["__proto__", "constructor", "toString"])
})
wrong(
  "a profile with the name of an object property",
  cloud("profile: constructor"),
  /line 8: profile: unknown profile "constructor"/
)
wrong(
  "an auth type with the name of an object property",
  cloud("auth_type: __proto__"),
  /line 8: auth_type: there is no "__proto__"/
)

// -----------------------------------------------------------------------------
// hostile
// -----------------------------------------------------------------------------

const tooMuch = /file: more than 20000 values, or more than 20 levels/
const times = (n: number, text: (i: number) => string, between = "\n") =>
  Array.from({ length: n }, (_, i) => text(i)).join(between)

wrong(
  "aliases that explode",
  `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${
    times(12, (i) => `a${i + 1}: &a${i + 1} [${times(10, () => `*a${i}`, ",")}]`)
  }\n${cloud()}`,
  tooMuch
)
wrong(
  "mappings that explode",
  `a0: &a0 {x: y}\n${
    times(12, (i) => `a${i + 1}: &a${i + 1} {${times(10, (j) => `k${j}: *a${i}`, ",")}}`)
  }\n${cloud()}`,
  tooMuch
)
wrong(
  "merges that explode",
  `a0: &a0 {x: y}\n${times(16, (i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}, *a${i}], k: v}`)}\n${cloud()}`,
  tooMuch
)
wrong("an alias of itself", `a: &a [*a]\n${cloud()}`, tooMuch)
for (
  const [name, text] of Object.entries({
    brackets: "[".repeat(200_000),
    "closed brackets": `clouds: ${"[".repeat(20_000)}${"]".repeat(20_000)}`,
    braces: "{a: ".repeat(100_000),
    dashes: "- ".repeat(300_000),
    "question marks": "? ".repeat(200_000),
    colons: ": ".repeat(200_000),
    indents: times(900, (i) => `${" ".repeat(i)}a:`),
    "many keys": times(100_000, (i) => `k${i}: v`),
    "many items": `clouds: [${"x,".repeat(200_000)}x]`
  })
) {
  wrong(`deep or many: ${name}`, text, tooMuch)
}
for (
  const [name, text] of Object.entries({
    commas: `clouds: [${",".repeat(100_000)}`,
    anchors: "&a ".repeat(50_000),
    tags: "! ".repeat(50_000),
    quotes: "\"\n".repeat(50_000),
    directives: "%\n".repeat(50_000),
    documents: "---\n".repeat(30_000),
    "nothing but NUL": "\0".repeat(100_000)
  })
) {
  wrong(`nonsense: ${name}`, text, /clouds\.yaml(, line \d+)?: (file|mine): /)
}
good("a long text", cloud(`region_name: ${"x".repeat(500_000)}`), ({ service }) => {
  assert.strictEqual(service("x").regionName?.length, 500_000)
})
good(
  "a thousand clouds",
  `${cloud()}\n${times(1000, (i) => `  c${i}: { auth: { auth_url: https://a.test, username: u } }`)}`,
  ({ name }) => {
    assert.strictEqual(name, "mine")
  }
)
wrong(
  "a file over the size limit",
  `${cloud()}\n#${"x".repeat(1024 * 1024)}`,
  /file: \d+ bytes long; at most 1048576 bytes are read/
)
const encoded = (encoding: "utf16le" | "latin1", text: string) => new Uint8Array(Buffer.from(text, encoding))
wrong("UTF-16", encoded("utf16le", `\uFEFF${cloud("x: ä")}`), /clouds\.yaml: file: not UTF-8/)
wrong("Latin-1", encoded("latin1", cloud("region_name: Zürich")), /clouds\.yaml: file: not UTF-8/)
wrong("bytes", Uint8Array.from({ length: 5000 }, (_, i) => (i * 97) % 256), /clouds\.yaml: file: not UTF-8/)

// -----------------------------------------------------------------------------

/** Far more than any file takes: it catches endless loops. */
const longest = Duration.seconds(20)

describe("a corpus of files", () => {
  it("is large", () => assert.isAbove(files.length, 250))

  for (const { expected, name, text } of files) {
    it.live(name, () =>
      Effect.gen(function*() {
        const fileSystem = yield* FileSystem.FileSystem
        const directory = yield* fileSystem.makeTempDirectoryScoped()
        const configFile = `${directory}/clouds.yaml`
        yield* fileSystem.writeFile(configFile, typeof text === "string" ? new TextEncoder().encode(text) : text)
        const [duration, result] = yield* Effect.timed(Effect.either(CloudConfig.load("mine", { configFile })))
        assert.isBelow(Duration.toMillis(duration), Duration.toMillis(longest))
        const shown = Either.match(result, {
          onLeft: (error) => [error.message, JSON.stringify(error), Inspectable.toStringUnknown(error)].join(),
          onRight: ({ settings, warnings }) => Inspectable.toStringUnknown([[...settings.values()], warnings])
        })
        assert.notInclude(shown, secret)
        if (expected instanceof RegExp) {
          assert.match(Either.match(result, { onLeft: ({ message }) => message, onRight: () => "no error" }), expected)
        } else {
          expected(yield* result)
        }
      }).pipe(
        Effect.scoped,
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map())),
        Effect.provide(NodeContext.layer)
      ), 60_000)
  }
})
