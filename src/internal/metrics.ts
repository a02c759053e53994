/** What is counted, by plugin and by the host of the cloud's Keystone. */
import * as Metric from "effect/Metric"
import type * as MetricLabel from "effect/MetricLabel"

export interface Labels {
  readonly plugin: string
  readonly cloud: string
}

const counter = (name: string, description: string) =>
  Metric.counter(`effect_keystoneauth_${name}`, { description, incremental: true })

const logins = counter("logins_total", "Logins, by outcome")
const renewals = counter("renewals_total", "Logins that replaced a token which was still good")
const rejections = counter("token_rejections_total", "Tokens that a service rejected")
const cacheHits = counter("token_cache_hits_total", "Requests for a token that the Session had")
const storeHits = counter("token_store_hits_total", "Logins that were not needed because the token store had a token")
const backoffs = counter("login_backoffs_total", "Requests that failed at once because the login rests after a failure")

const noLabels: ReadonlyArray<MetricLabel.MetricLabel> = []

type Counter = typeof logins

const tagged = (metric: Counter, labels: Readonly<Record<string, string>>): Counter =>
  Object.entries(labels).reduce((tagged, [name, value]) => Metric.tagged(tagged, name, value), metric)

/** One more. Cheap enough for every request. */
const increment = (metric: Counter) => (): void => metric.unsafeUpdate(1, noLabels)

/** The counters of one plugin at one cloud. */
export interface Counters {
  readonly login: (outcome: string) => void
  readonly renewal: () => void
  readonly rejection: () => void
  readonly cacheHit: () => void
  readonly storeHit: () => void
  readonly backoff: () => void
}

const make = (labels: Labels): Counters => {
  const named = { plugin: labels.plugin, cloud: labels.cloud }
  return {
    login: (outcome) => tagged(logins, { ...named, outcome }).unsafeUpdate(1, noLabels),
    renewal: increment(tagged(renewals, named)),
    rejection: increment(tagged(rejections, named)),
    cacheHit: increment(tagged(cacheHits, named)),
    storeHit: increment(tagged(storeHits, named)),
    backoff: increment(tagged(backoffs, named))
  }
}

/** A counter is never given back: from so many on, further clouds are counted together. */
const maxFamilies = 1000

/** Made once for each plugin and cloud. */
export const makeFamily = (): (labels: Labels) => Counters => {
  const known = new Map<string, Counters>()
  const keyOf = ({ cloud, plugin }: Labels) => `${plugin} ${cloud}`
  return (asked) => {
    const labels = known.has(keyOf(asked)) || known.size < maxFamilies ? asked : { ...asked, cloud: "other" }
    const counters = known.get(keyOf(labels)) ?? make(labels)
    known.set(keyOf(labels), counters)
    return counters
  }
}
