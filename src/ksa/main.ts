#!/usr/bin/env node
/** The command `ksa`. Loads the program dynamically, so that a missing package is reported by name. */
import process from "node:process"

try {
  const { start } = await import("./program.js")
  start(process.argv)
} catch (error) {
  const missing = /Cannot find package '([^']+)'/.exec(String(error))?.[1]
  if (missing === undefined) {
    throw error
  }
  process.stderr.write(
    `error: ksa needs ${missing}\n` +
      "       npm install @effect/cli @effect/printer @effect/printer-ansi @effect/platform-node cli-table3 yaml\n"
  )
  process.exitCode = 1
}
