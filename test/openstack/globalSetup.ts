/**
 * The cloud that these tests need: `up` starts it, or answers at once if it runs already.
 *
 * It is left running. Starting it takes up to 90 seconds, others on the same machine may be using it, and whoever wants
 * it gone has `down` beside `up`.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { TestProject } from "vitest/node"
import "./environment.js"

declare module "vitest" {
  export interface ProvidedContext {
    /** `undefined`: there is no cloud here, and the tests are to be skipped. */
    readonly openstack: ProvidedCloud | undefined
  }
}

export interface ProvidedCloud {
  /** Where `up` and `set-token-expiration` are. */
  readonly directory: string
  /** The text of `fixtures.json`. */
  readonly fixtures: string
  /** Where that is, and `clouds.yaml` and `openrc`. */
  readonly state: string
}

const root = fileURLToPath(new URL("../../", import.meta.url))

const state = process.env["OPENSTACK_STATE"] ?? "/tmp/openstack-state"

/** How long tokens live, but for the tests of tokens that end. */
export const tokenExpiration = 3600

/** Runs a script of the cloud's folder. What it says goes to stderr; it gets no stdin, and does not run for ever. */
export const script = (
  directory: string,
  name: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<void, Error> =>
  Effect.async<void, Error>((resume) => {
    const child = spawn(join(directory, name), args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, OPENSTACK_TOKEN_EXPIRATION: String(tokenExpiration) }
    })
    child.on("error", (error) => resume(Effect.fail(error)))
    child.on("exit", (code, signal) =>
      resume(
        code === 0 ? Effect.void : Effect.fail(new Error(`${join(directory, name)} ended with ${code ?? signal}`))
      ))
    return Effect.sync(() => child.kill())
  }).pipe(
    Effect.timeoutFail({ duration: "10 minutes", onTimeout: () => new Error(`${name} did not end within 10 minutes`) })
  )

const notice = (directory: string): string => {
  const line = "!".repeat(100)
  return [
    "",
    line,
    "!!  NOTHING IS TESTED HERE: there is no OpenStack, and every test of this suite is SKIPPED.",
    `!!  Looked for ${join(directory, "up")}`,
    "!!  OPENSTACK_DIR names the folder that has it. With CI set, this is a failure.",
    line,
    ""
  ].join("\n")
}

export default (project: TestProject): Promise<() => Promise<void>> => {
  const named = process.env["OPENSTACK_DIR"]
  const directory = resolve(root, named ?? "../shared/openstack")
  if (!existsSync(join(directory, "up"))) {
    if (named !== undefined || (process.env["CI"] ?? "") !== "") {
      throw new Error(`The OpenStack suite needs a cloud, and there is no ${join(directory, "up")} (see OPENSTACK_DIR)`)
    }
    const say = () => Promise.resolve(void process.stderr.write(notice(directory)))
    project.provide("openstack", undefined)
    // before the list of what is skipped, and after it
    return say().then(() => say)
  }
  return Effect.runPromise(
    Effect.gen(function*() {
      // with the token expiration in its environment, it also repairs what an interrupted run has left
      yield* script(directory, "up")
      const fixtures = yield* Effect.try(() => readFileSync(join(state, "fixtures.json"), "utf8"))
      project.provide("openstack", { directory, fixtures, state })
      return () => Effect.runPromise(script(directory, "set-token-expiration", String(tokenExpiration)))
    })
  )
}
