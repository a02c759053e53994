import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer, Redacted } from "effect"
import { ServiceCatalog, Session, Transport, VersionDocument } from "effect-keystoneauth"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { checkSync } from "recheck"
import ts from "typescript"
import * as NoAuth from "../src/plugins/NoAuth.js"
import * as Password from "../src/plugins/Password.js"
import * as Redaction from "../src/safety/redaction.js"
import * as Faults from "../src/wire/faults.js"
import { assertTag } from "./support.js"

// the checker in pure JavaScript, in this process
process.env["RECHECK_SYNC_BACKEND"] = "pure"

const source = fileURLToPath(new URL("../src/", import.meta.url))

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))

interface Expression {
  readonly place: string
  readonly pattern: string
  readonly flags: string
}

/** All literals, and calls of `RegExp` with text. Calls with other arguments cannot be checked, and are not allowed. */
const expressions = files.flatMap((name) => {
  const found: Array<Expression> = []
  const file = ts.createSourceFile(name, readFileSync(`${source}${name}`, "utf8"), ts.ScriptTarget.Latest, true)
  const add = (node: ts.Node, pattern: string, flags: string) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    found.push({ place: `src/${name}:${line + 1}`, pattern, flags })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/")
      add(node, node.text.slice(1, end), node.text.slice(end + 1))
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) && ts.isIdentifier(node.expression) &&
      node.expression.text === "RegExp"
    ) {
      const [pattern, flags] = node.arguments ?? []
      assert(pattern !== undefined && ts.isStringLiteralLike(pattern), `${name}: ${node.getText()} is not a text`)
      add(node, pattern.text, flags !== undefined && ts.isStringLiteralLike(flags) ? flags.text : "")
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
})

/** The allowed complexities: linear at most. */
const complexity = ({ flags, pattern }: Expression): string => {
  const found = checkSync(pattern, flags, { timeout: 25_000, randomSeed: 1 })
  return found.status === "unknown" ? found.status : found.complexity.type
}

describe("regular expressions", () => {
  it("are all found", () => {
    assert.isAbove(expressions.length, 50)
  })

  it("of which some are known not to be linear are told from the others", () => {
    const of = (pattern: string, flags = "") => complexity({ place: "", pattern, flags })
    assert.deepStrictEqual(
      [of("\\/+$"), of("\\s+$"), of("(a+)+$"), of("^a+$"), of("a")],
      ["polynomial", "polynomial", "exponential", "linear", "safe"]
    )
  })

  for (const expression of expressions) {
    const { flags, pattern, place } = expression
    it(`${place}: /${pattern}/${flags} is linear`, () => {
      assert.include(["safe", "constant", "linear"], complexity(expression))
    })
  }
})

/** Inputs on which quadratic time would take many seconds. */
const slashes = "/".repeat(80_000)
const blanks = " ".repeat(80_000)

const world = (answer: (url: string) => Response) => {
  const client = HttpClient.make((request, url) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, answer(url.href)))
  )
  const layer = Layer.succeed(HttpClient.HttpClient, client)
  return Layer.mergeAll(Layer.provide(Session.layer(), layer), Layer.provide(Transport.layer(), layer), NoAuth.layer())
}

describe("what is long is read all the same", () => {
  it("a self link", () => {
    const read = (href: string) =>
      Either.map(
        VersionDocument.fromBody("http://h.test/nova/", {
          versions: [{ id: "v2.0", status: "CURRENT", links: [{ rel: "self", href }] }]
        }),
        ({ versions }) => versions[0]?.url
      ).pipe(Either.getOrThrow)
    assert.strictEqual(read(`http://ctl.test${slashes}v2`), "http://h.test/nova/v2")
    assert.strictEqual(read(`http://ctl.test/v2${slashes}`), "http://h.test/nova/v2/")
    assert.strictEqual(read(`http://h.test/nova/v2${slashes}x`), `http://h.test/nova/v2${slashes}x`)
    assert.strictEqual(read(`http://ctl:1:2${slashes}v2`), "http://h.test/nova/v2")
    assert.strictEqual(read(`${blanks}http://ctl.test/v2${blanks}`), "http://h.test/nova/v2")
    assert.strictEqual(read(`http://ctl.test/${"a@".repeat(40_000)}/v2`), "http://h.test/nova/v2")
  })

  it("an address of a document and of an endpoint", () => {
    const url = `http://h.test${slashes}`
    const document = VersionDocument.fromBody(url, {
      versions: [{ id: "v2", status: "CURRENT", links: [{ rel: "self", href: "v2" }] }]
    })
    assert.isTrue(Either.isRight(document))
    const catalog = ServiceCatalog.fromV3([
      { type: "compute", endpoints: [{ url: `${blanks}${url}${blanks}`, interface: "public" }] }
    ])
    assert.deepStrictEqual(ServiceCatalog.endpoints(catalog, {}).map((endpoint) => endpoint.url), [url])
    assert.deepStrictEqual(catalog.problems, [])
  })

  it.effect("an endpoint override, a path and a version document", () =>
    Effect.gen(function*() {
      const sent = yield* Session.request(HttpClientRequest.get(`/servers${slashes}x`), {
        endpointOverride: `${blanks}http://h.test/v2${slashes}`
      })
      assert.strictEqual(new URL(sent.request.url).pathname, `/v2/servers${slashes}x`)
      const data = yield* Session.endpointData(
        { serviceType: "compute", version: 2 },
        { endpointOverride: `http://h.test${slashes}`, discoverVersions: true }
      )
      assert.strictEqual(data.url, "http://h.test/v2/")
    }).pipe(Effect.provide(world(() =>
      Response.json({
        versions: [{ id: "v2.1", status: "CURRENT", links: [{ rel: "self", href: `http://h.test/v2/` }] }]
      })
    ))))

  it.effect("an auth URL", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Session.endpointData({ serviceType: "compute" })).pipe(
        Effect.provide(
          Password.layer({ authUrl: `http://h.test/v3${slashes}`, userId: "u", password: Redacted.make("p") })
        )
      )
      assertTag(error, "NotFound")
    }).pipe(Effect.provide(world(() => new Response("nothing", { status: 404 })))))

  it.effect("a Location", () =>
    Effect.gen(function*() {
      const transport = yield* Transport.Transport
      const response = yield* transport.execute(HttpClientRequest.get("http://h.test/here"))
      assert.strictEqual(yield* response.text, "there")
    }).pipe(Effect.provide(world((url) =>
      url.endsWith("/here")
        ? new Response(null, { status: 302, headers: { location: `http://h.test${slashes}there` } })
        : new Response("there")
    ))))

  it("a fault of one piece again and again", () => {
    const pieces = [
      "/",
      " ",
      "\n",
      "<",
      ">",
      "<br",
      "<br ",
      "<br/>",
      "&",
      "&amp",
      "&amp;",
      "404 ",
      "\0",
      "\ud800",
      "a",
      "-",
      ".",
      "\"",
      "{\"a\":",
      "[",
      "gAAAAA",
      "eyJ.",
      "token=",
      "&token=",
      "http://",
      "a:",
      "%2f",
      "\t<br>",
      "Failed validating '"
    ]
    for (const piece of pieces) {
      const body = piece.repeat(Math.ceil(64 * 1024 / piece.length))
      for (
        const text of [body, JSON.stringify({ error: { message: body } }), `<html>${body}`, `404 Not Found\n\n${body}`]
      ) {
        for (const type of ["text/plain", "text/html", "application/json"]) {
          const { message } = Faults.read(type, text, Redaction.hideForms)
          assert.isTrue(message === undefined || message.length <= text.length)
        }
      }
    }
  })
})
