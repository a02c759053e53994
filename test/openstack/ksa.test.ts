/** Runs `ksa` as a process, and compares it with python-openstackclient on the same cloud. */
import { Command, CommandExecutor } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import * as Support from "./support.js"

const { state } = inject("openstack") ?? { state: "nowhere" }

const software = process.env["OPENSTACK_SOFTWARE"] ?? "/tmp/openstack-software"

const tsx = createRequire(import.meta.url).resolve("tsx/cli")
const source = fileURLToPath(new URL("../../src/ksa/main.ts", import.meta.url))

const variables = { OS_CLIENT_CONFIG_FILE: `${state}/clouds.yaml`, OS_CLOUD: "demo" }

const run = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = variables) =>
  Effect.gen(function*() {
    const executor = yield* CommandExecutor.CommandExecutor
    const running = yield* executor.start(Command.env(Command.make(command, ...args), env))
    const text = <E>(stream: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(stream))
    return yield* Effect.all({ out: text(running.stdout), err: text(running.stderr), code: running.exitCode }, {
      concurrency: "unbounded"
    })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer), Effect.orDie)

const ksa = (args: string, env?: Readonly<Record<string, string>>) =>
  run(process.execPath, [tsx, source, ...args.split(" ")], env)

type Row = Readonly<Record<string, string | null>>

const OfOpenstack = Schema.parseJson(Schema.Array(Schema.Struct({
  Name: Schema.String,
  Type: Schema.String,
  Endpoints: Schema.Array(Schema.Struct({ region: Schema.String, interface: Schema.String, url: Schema.String }))
})))

const Rows = Schema.parseJson(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.String) })))

const Fields = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

const openstack = (args: string) =>
  Effect.map(run(`${software}/bin/openstack`, [...args.split(" "), "-f", "json"]), ({ out }) => out)

const json = (args: string) =>
  Effect.map(ksa(`${args} --format json`), ({ code, err, out }) => {
    assert.strictEqual(code, 0, err)
    return out
  })

const sorted = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => rows.map((row) => JSON.stringify(row)).sort()

Support.onOpenStack("ksa beside openstack", (test) => {
  test("token issue", () =>
    Effect.gen(function*() {
      const [ours, theirs] = yield* Effect.all([
        Effect.flatMap(json("token issue"), Schema.decode(Fields)),
        Effect.flatMap(openstack("token issue"), Schema.decode(Fields))
      ], { concurrency: 2 })
      assert.deepStrictEqual(Object.keys(ours).sort(), Object.keys(theirs).sort())
      assert.strictEqual(ours["project_id"], theirs["project_id"])
      assert.strictEqual(ours["user_id"], theirs["user_id"])
      assert.match(ours["expires"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/)
      assert.strictEqual(ours["expires"]?.length, theirs["expires"]?.length)
    }))

  test("catalog", () =>
    Effect.gen(function*() {
      const [ours, theirs] = yield* Effect.all([
        Effect.flatMap(json("catalog"), Schema.decode(Rows)),
        Effect.flatMap(openstack("catalog list"), Schema.decode(OfOpenstack))
      ], { concurrency: 2 })
      assert.deepStrictEqual(
        sorted(ours.map((row) => ["name", "type", "region", "interface", "url"].map((key) => row[key]))),
        sorted(
          theirs.flatMap((service) =>
            service.Endpoints.map((row) => [service.Name, service.Type, row.region, row.interface, row.url])
          )
        )
      )
    }))

  for (const all of ["", " --all-interfaces"]) {
    test(`versions${all}`, () =>
      Effect.gen(function*() {
        const [ours, theirs] = yield* Effect.all([
          Effect.flatMap(json(`versions${all}`), Schema.decode(Rows)),
          Effect.flatMap(openstack(`versions show${all}`), Schema.decode(Rows))
        ], { concurrency: 2 })
        const pick = (rows: ReadonlyArray<Row>, keys: string) =>
          sorted(rows.map((row) => keys.split(", ").map((key) => row[key])))
        assert.deepStrictEqual(
          pick(ours, "region_name, service_type, version, status, endpoint, min, max"),
          pick(
            theirs,
            "Region Name, Service Type, Version, Status, Endpoint, Min Microversion, Max Microversion"
          )
        )
      }))
  }

  test("a cloud over TLS, with a trusted and with an unknown certificate", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* ksa("--os-cloud tls token show")).code, 0)
      const fault = yield* ksa("token show --os-auth-url https://127.0.0.1:5446/v3")
      assert.strictEqual(fault.code, 6)
      assert.match(fault.err, /^error: .*certificate has expired.*\n {7}ksa doctor.*\n$/)
      const doctor = yield* ksa("doctor --os-auth-url https://127.0.0.1:5446/v3")
      assert.strictEqual(doctor.code, 7)
      assert.match(doctor.out, /^keystone\tproblem\t.*certificate has expired/m)
    }))

  test("a pipe that is closed early is not an error", () =>
    Effect.gen(function*() {
      const { err, out } = yield* run("sh", [
        "-c",
        `"${process.execPath}" "${tsx}" "${source}" versions --all-interfaces | head -n 1`
      ])
      assert.strictEqual(out.trimEnd().split("\n").length, 1)
      assert.strictEqual(err, "")
    }))
}, ["undici"])
