/** The Chromium that these tests need; `.ci/run` installs it. */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  export interface ProvidedContext {
    /** `undefined`: there is none here, and the tests are to be skipped. */
    readonly chromium: string | undefined
  }
}

const find = (): string | undefined =>
  (process.env["PATH"] ?? "").split(delimiter).flatMap((directory) =>
    ["chromium", "chromium-browser", "google-chrome"].map((name) => join(directory, name))
  ).find((file) => existsSync(file))

const notice = (): void => {
  const line = "!".repeat(100)
  process.stderr.write([
    "",
    line,
    "!!  NO BROWSER IS TESTED HERE: there is no chromium, and the tests in it are SKIPPED.",
    "!!  apt-get install chromium brings it. With CI set, its absence is a failure.",
    line,
    ""
  ].join("\n"))
}

export default (project: TestProject): (() => void) | undefined => {
  const chromium = find()
  project.provide("chromium", chromium)
  if (chromium !== undefined) {
    return undefined
  }
  if ((process.env["CI"] ?? "") !== "") {
    throw new Error("The browser tests need chromium: apt-get install chromium")
  }
  // before the list of what is skipped, and after it
  notice()
  return notice
}
