import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Core from "../bench/core.js"
import { bundle } from "./browser/bundle.js"

/** But for those of Node, and of Redis, whose client needs sockets. */
const modules = readdirSync(new URL("../src", import.meta.url))
  .filter((name) => name.endsWith(".ts") && !/^(Node|Redis)/.test(name))

describe("the bundle for browsers", () => {
  it("has every module but those for Node, and needs nothing that a browser lacks", async () => {
    const contents = modules.map((name, i) => `export * as m${i} from "./src/${name}"`).join("\n")
    const { inputs } = await bundle({ contents })
    for (const name of modules) {
      assert.include(inputs, `src/${name}`)
    }
    assert.deepStrictEqual(inputs.filter((path) => /node:|platform-node|undici/.test(path)), [])
  })

  it("cannot have a module for Node", async () => {
    const failure = await bundle("src/NodeTransport.ts").catch(String)
    assert.match(String(failure), /Could not resolve "node:/)
  })
})

/** In bytes. 30,000 is the agreed limit, which it is still above: it may become smaller, and not larger. */
const largestCore = 38_800

describe("the core", () => {
  it.effect("is no larger than it was, compressed and without what it takes of Effect", () =>
    Effect.gen(function*() {
      const { ours } = yield* Core.sizes(Core.core, {
        alias: { "effect-keystoneauth": fileURLToPath(new URL("../src", import.meta.url)) }
      })
      assert.isAtMost(ours, largestCore)
      assert.isAbove(ours, 20_000)
    }), 30_000)
})
