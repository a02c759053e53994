/**
 * From the text of a login's answer to the first endpoint, or `JSON.parse` of the same text alone: each in a process of its
 * own, so that each pays for its own garbage.
 */
import * as AccessInfo from "effect-keystoneauth/AccessInfo"
import * as ServiceCatalog from "effect-keystoneauth/ServiceCatalog"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Cloud from "../cloud.js"
import { filter } from "../compute.js"
import { median } from "../statistics.js"

const rounds = 9
const sliceMillis = 150

const [what = "", services = ""] = process.argv.slice(2)

const secret = Redacted.make(Cloud.token)
const text = JSON.stringify(Cloud.login("http://127.0.0.1", Number(services), Date.now()))

const read = (): unknown => {
  const { catalog } = Either.getOrThrowWith(AccessInfo.fromV3(JSON.parse(text), secret), (reason) => new Error(reason))
  return catalog === undefined ? undefined : ServiceCatalog.find(catalog, { ...filter, interface: "public" })
}

const work = what === "parse" ? (): unknown => JSON.parse(text) : read

/** CPU time in microseconds, of one slice. */
const time = (): number => {
  const cpu = process.cpuUsage()
  const since = performance.now()
  let times = 0
  while (performance.now() - since < sliceMillis) {
    work()
    times += 1
  }
  const { system, user } = process.cpuUsage(cpu)
  return (system + user) / times
}

time()
console.log(JSON.stringify(median(Array.from({ length: rounds }, time))))
