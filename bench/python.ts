/** keystoneauth1, where it is installed: the same work in Python. */
import { Command } from "@effect/platform"
import { Effect } from "effect"
import * as Process from "./process.js"

/** The first that has the module. */
export const interpreter = Effect.findFirst(
  ["python3", "/usr/bin/python3"],
  (python) =>
    Command.make(python, "-c", "import keystoneauth1").pipe(
      Command.exitCode,
      Effect.timeout("20 seconds"),
      Effect.match({ onFailure: () => false, onSuccess: (code) => code === 0 })
    )
)

export const program = (python: string, ...args: ReadonlyArray<string>): Command.Command =>
  Command.make(python, Process.path("../programs/keystoneauth.py"), ...args).pipe(Command.stderr("inherit"))
