/** Writes the public modules into package.json. */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { packageExports } from "./publicModules.js"

const file = fileURLToPath(new URL("../package.json", import.meta.url))
const manifest = JSON.parse(readFileSync(file, "utf8"))
writeFileSync(file, `${JSON.stringify({ ...manifest, exports: packageExports }, null, 2)}\n`)
