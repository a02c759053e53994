/** From the text of a login's answer to the first endpoint, beside JSON.parse of the same text. */
import * as AccessInfo from "effect-keystoneauth/AccessInfo"
import * as ServiceCatalog from "effect-keystoneauth/ServiceCatalog"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Cloud from "../cloud.js"
import { filter } from "../compute.js"
import { median } from "../statistics.js"

const rounds = 43
const sliceMillis = 30

const secret = Redacted.make(Cloud.token)

const read = (text: string): unknown => {
  const { catalog } = Either.getOrThrowWith(AccessInfo.fromV3(JSON.parse(text), secret), (reason) => new Error(reason))
  return catalog === undefined ? undefined : ServiceCatalog.find(catalog, { ...filter, interface: "public" })
}

/** In microseconds, of one slice. */
const time = (work: () => unknown): number => {
  const since = performance.now()
  let times = 0
  let now = since
  while (now - since < sliceMillis) {
    work()
    times += 1
    now = performance.now()
  }
  return (now - since) * 1000 / times
}

const measure = (services: number) => {
  const text = JSON.stringify(Cloud.login("http://127.0.0.1", services, Date.now()))
  const works = [() => JSON.parse(text), () => read(text)]
  const samples = Array.from({ length: rounds }, () => works.map(time)).slice(3)
  const [parseMicros, readMicros] = works.map((_, i) => median(samples.map((sample) => sample[i] ?? NaN)))
  return { services, parseMicros, readMicros }
}

console.log(JSON.stringify([20, 200, 2000].map(measure)))
