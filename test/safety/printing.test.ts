/** No plugin, and none of its values, prints a secret, in any way of printing. */
import { Headers } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, FastCheck, Inspectable, Layer, Logger, Option, Redacted } from "effect"
import { AdminToken, AuthPlugin } from "effect-keystoneauth"
import { inspect } from "node:util"
import * as Material from "../../src/safety/material.js"
import { handMade, made, secret, world } from "../everyPlugin.js"

const loggers = [Logger.jsonLogger, Logger.logfmtLogger, Logger.stringLogger, Logger.structuredLogger]

/** Prints a value in all ways that programs use. */
const printed = (value: unknown): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    const log = Effect.gen(function*() {
      yield* Effect.log("said", value)
      yield* Effect.logError(Cause.fail(value))
      yield* Effect.annotateLogs(Effect.log("said"), "value", value)
    })
    for (const logger of loggers) {
      const record = Logger.map<unknown, unknown, void>(logger, (text) => {
        logged.push(typeof text === "string" ? text : inspect(text, { depth: 20 }), JSON.stringify(text))
      })
      yield* Effect.provide(log, Logger.replace(Logger.defaultLogger, record))
    }
    return [
      String(value),
      `${JSON.stringify(value)} ${JSON.stringify({ in: [value] })}`,
      inspect(value, { depth: 20, showHidden: true, getters: true }),
      inspect([value], { depth: 20, showProxy: true }),
      Inspectable.toStringUnknown(value),
      Inspectable.format(value),
      inspect(Inspectable.toJSON(value), { depth: 20 }),
      Inspectable.stringifyCircular({ value }),
      Cause.pretty(Cause.fail(value)),
      Cause.pretty(Cause.die(value)),
      ...[Exit.succeed(value), Exit.fail(value), Cause.fail(value), Option.some(value), Effect.succeed(value)].flatMap((
        holder
      ) => [String(holder), JSON.stringify(holder), inspect(holder, { depth: 20, showHidden: true })]),
      ...logged
    ]
  })

const assertHidden = (name: string, value: unknown) =>
  Effect.map(
    printed(value),
    (texts) => assert.deepStrictEqual(texts.filter((text) => text.includes("hunter2")), [], name)
  )

/** A plugin, the contexts and layers that hold it, and the values that it gives. */
const everythingOf = (plugin: AuthPlugin.Service) =>
  Effect.gen(function*() {
    const headers = yield* Effect.exit(plugin.headers)
    const layer = Layer.succeed(AuthPlugin.AuthPlugin, plugin)
    const effects = [plugin.headers, plugin.access, plugin.userId, plugin.projectId, plugin.authState, plugin.cacheId]
    return {
      plugin,
      copy: { ...plugin },
      context: Context.make(AuthPlugin.AuthPlugin, plugin),
      layer,
      provided: Effect.provide(AuthPlugin.access, layer),
      merged: Layer.provideMerge(AuthPlugin.layerWithScope({ projectId: "p" }), layer),
      effects,
      combined: [
        Effect.map(plugin.headers, (headers) => headers),
        Effect.zip(plugin.headers, plugin.access),
        Effect.all(effects),
        Effect.provideService(AuthPlugin.access, AuthPlugin.AuthPlugin, plugin)
      ],
      headers,
      sent: Exit.isSuccess(headers) ? headers.value : undefined,
      outcomes: yield* Effect.all([Effect.exit(plugin.access), Effect.exit(plugin.authState)]),
      again: { ...plugin }
    }
  })

describe("a plugin prints nothing secret", () => {
  for (const [name, plugin] of Object.entries(made)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { cacheId, userId, ...everything } = yield* Effect.flatMap(
          plugin,
          (plugin) => Effect.map(everythingOf(plugin), (all) => ({ ...all, userId: undefined, cacheId: undefined }))
        )
        // checks that the plugin works
        assert(Exit.isSuccess(everything.headers), inspect(everything.headers, { depth: 20 }))
        for (const [what, value] of Object.entries(everything)) {
          yield* assertHidden(`${name}: ${what}`, value)
        }
        if (!["none", "v3tokenlessauth"].includes(name)) {
          assert.include(Object.values(everything.headers.value).join(), name === "http_basic" ? "Basic " : secret)
        }
      }).pipe(Effect.provide(world)))
  }

  it("prints its name", () => {
    const plugin = AdminToken.make({ token: Redacted.make(secret) })
    assert.deepStrictEqual(JSON.parse(JSON.stringify(plugin)), {
      _id: "effect-keystoneauth/AuthPlugin",
      name: "admin_token"
    })
    assert.include(String(plugin), "admin_token")
    assert.include(inspect(plugin), "admin_token")
    // a copy with another name shows the new name
    assert.include(inspect({ ...plugin, name: "copy" }), "copy")
  })
})

describe("the headers of a plugin", () => {
  const all: Record<string, string> = { "x-api-key": secret, "x-beside": "b" }
  const given = Effect.runSync(handMade(Effect.succeed(Headers.fromInput(all))).headers)

  it("print their names and no values", () => {
    assert.strictEqual(JSON.stringify(given), "{\"x-api-key\":\"<redacted>\",\"x-beside\":\"<redacted>\"}")
    assert.strictEqual(inspect(given), "{ 'x-api-key': '<redacted>', 'x-beside': '<redacted>' }")
  })

  it("work like other headers", () => {
    assert.isTrue(Headers.isHeaders(given))
    assert.deepStrictEqual({ ...given }, all)
    assert.deepStrictEqual(Object.entries(given), Object.entries(all))
    assert.deepStrictEqual(Headers.get(given, "X-Api-Key"), Option.some(secret))
    assert.isTrue(Headers.has(given, "x-api-key"))
    assert.isFalse(["tojson", "tostring", "constructor"].some((name) => Headers.has(given, name)))
    assert.deepStrictEqual({ ...Headers.set(given, "x-more", "c") }, { ...all, "x-more": "c" })
    assert.deepStrictEqual({ ...Headers.merge(Headers.fromInput({ a: "1" }), given) }, { a: "1", ...all })
    assert.deepStrictEqual({ ...Headers.merge(given, Headers.fromInput({ "x-api-key": "1" })) }, {
      ...all,
      "x-api-key": "1"
    })
    assert.deepStrictEqual({ ...Headers.remove(given, "x-api-key") }, { "x-beside": "b" })
    assert.deepStrictEqual({ ...Headers.fromInput(given) }, all)
    const names: Array<string> = []
    for (const name in given) {
      names.push(name)
    }
    assert.deepStrictEqual(names, Object.keys(all))
    const token = Redacted.make("t")
    assert.strictEqual(AuthPlugin.tokenHeaders(token), AuthPlugin.tokenHeaders(token))
  })
})

describe("text for a certificate or key", () => {
  it("is shown if it is clearly a path", () => {
    for (
      const path of [
        "/etc/x.key",
        "/etc/ssl/private/My Cloud (2026)/client",
        "~/.config/openstack/client",
        "~demo/client.pem",
        "./client",
        "../certs/client.key",
        "client.pem",
        "my client.key.bak",
        "certs/client",
        "C:\\Users\\Demo User\\client.key",
        "c:/certs/client",
        "\\\\server\\share\\client.key",
        "certs\\client.key",
        "/home/übung/schlüssel.pem",
        "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/client.key",
        "/nix/store/0c5b2q4a3m8wq7n4zqkq9s8x5k3k5q1g-certs/ca-bundle.crt",
        "/run/secrets/kubernetes.io/..2026_11_28_13_46_13.123456789/tls.key"
      ]
    ) {
      assert.strictEqual(Material.hide(path), path)
    }
  })

  it("is hidden otherwise", () => {
    for (
      const text of [
        "hunter2",
        "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----",
        "{\"kty\":\"EC\",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}",
        "data:application/x-pem-file;base64,LS0tLS1CRUdJTg==",
        "https://vault:hunter2@vault.test/client.key",
        "PuTTY-User-Key-File-3: ssh-ed25519"
      ]
    ) {
      assert.isTrue(Redacted.isRedacted(Material.hide(text)), text)
    }
  })

  it("is hidden if it is base64 of a key, whole or broken", () => {
    const heads = [[0x30, 0x2e, 2, 1, 0], [0x30, 0x82, 4, 0xbd, 2], [0x30, 0x77, 2, 1, 1], [
      ...Buffer.from("-----BEGIN ")
    ]]
    const keys = FastCheck.tuple(
      FastCheck.constantFrom(...heads),
      FastCheck.uint8Array({ minLength: 43, maxLength: 2000 }),
      FastCheck.constantFrom("base64" as const, "base64url" as const, "hex" as const),
      FastCheck.double({ min: 0.5, max: 1, noNaN: true }),
      FastCheck.constantFrom("", " ", "\n", "\\n", "=", "\"", ".")
    ).map(([head, body, encoding, kept, damage]) => {
      const text = Buffer.from([...head, ...body]).toString(encoding)
      const end = Math.floor(text.length * kept)
      return text.slice(0, end) + damage + text.slice(end)
    })
    const poor = "MC4CAQAAAM9-AAAAAAAAAAAAAAC-AAAAAAAAAAAAk-AAAAAAAAAA.AAAAAAAAAAAA"
    FastCheck.assert(
      FastCheck.property(keys, (text) => Redacted.isRedacted(Material.hide(text))),
      { numRuns: 2000, examples: [[poor]] }
    )
  })
})
