import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { bundle } from "./bundle.js"
import type { Outcome, Task } from "./page.js"
import { asDemo, cloud } from "./world.js"

/** The bundle for browsers elsewhere. Node is always there; the others are tested where they are installed. */
const runtimes = { node: [], bun: ["run"], deno: ["run", "--allow-net"] }

const installed = (name: string) =>
  (process.env["PATH"] ?? "").split(delimiter).some((directory) => existsSync(join(directory, name)))

const run = promisify(execFile)

/** A process of that runtime that does these things one after another. */
const ask = (runtime: keyof typeof runtimes, tasks: ReadonlyArray<Task>) =>
  Effect.promise(async (): Promise<ReadonlyArray<ReadonlyArray<Outcome>>> => {
    const directory = mkdtempSync(join(tmpdir(), "runtime-"))
    try {
      const { code } = await bundle("test/browser/page.ts")
      const file = join(directory, "program.mjs")
      writeFileSync(
        file,
        `${code}
        const outcomes = []
        for (const task of ${JSON.stringify(tasks)}) outcomes.push(await programs.ask(task))
        console.log(JSON.stringify(outcomes))`
      )
      const { stdout } = await run(runtime, [...runtimes[runtime], file], { timeout: 20_000 })
      return JSON.parse(stdout)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

describe("the bundle for browsers, elsewhere", () => {
  for (const runtime of ["node", "bun", "deno"] as const) {
    if (!installed(runtime)) {
      process.stderr.write(`There is no ${runtime} on this machine: nothing is tested in it.\n`)
      continue
    }
    it.scopedLive(`in ${runtime}: logs in once, follows redirects by itself, and keeps its token to itself`, () =>
      Effect.gen(function*() {
        const served = yield* cloud()
        const elsewhere = yield* cloud()
        const images = { serviceType: "image", path: "/v2/images" }
        const providers = { serviceType: "placement", path: "/resource_providers" }
        yield* served.misbehave({
          path: /^\/image\/v2/,
          kind: { redirect: `${served.baseUrl}/internal/image/v2/images` }
        })
        yield* served.misbehave({
          path: providers.path,
          kind: { redirect: `${elsewhere.baseUrl}/placement/resource_providers` }
        })
        yield* served.misbehave({ path: "/servers/gone", kind: { connection: "reset" } })
        const [many = [], [home] = [], [away] = [], [gone] = []] = yield* ask(runtime, [
          asDemo(served, { times: 10, microversion: "2.79" }),
          asDemo(served, images),
          asDemo(served, providers),
          asDemo(served, { path: "/servers/gone" })
        ])
        assert.strictEqual(many.length, 10)
        for (const outcome of [...many, home]) {
          assert.deepInclude(outcome, { status: 200 })
        }
        assert.deepInclude(away, { error: "Unauthorized" })
        assert.deepInclude(gone, { error: "TransportError" })
        assert.isAbove((yield* elsewhere.journal).length, 0)
        const journal = yield* served.journal
        assert.strictEqual(journal.filter(({ method }) => method === "POST").length, 1)
        for (const { headers } of journal) {
          assert.strictEqual(headers["user-agent"], "dashboard/1.0.0 effect-keystoneauth/0.1.0")
          assert.property(headers, "traceparent")
        }
        for (const { headers } of yield* elsewhere.journal) {
          assert.notProperty(headers, "x-auth-token")
        }
      }))
  }
})
