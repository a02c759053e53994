/** The metrics of the library. The README lists their names and labels. The number of label sets is limited. */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"

const nameOf = (name: string): string => `effect_keystoneauth_${name}`

const counter = (name: string, description: string) =>
  MetricKey.counter(nameOf(name), { description, incremental: true })

const logins = counter("logins_total", "Logins, by outcome")
const renewals = counter("renewals_total", "Logins that replaced a token which was still good")
const rejections = counter("token_rejections_total", "Tokens that a service rejected")
const cacheHits = counter("token_cache_hits_total", "Requests for a token that the Session had in its cache")
const storeHits = counter("token_store_hits_total", "Logins avoided because the token store had a token")
const backoffs = counter("login_backoffs_total", "Requests that failed at once because a login had just failed")
const resends = counter("http_resends_total", "Requests that were sent again: after a redirect, a 401 or a failure")
const inFlight = MetricKey.gauge(nameOf("http_requests_in_flight"), {
  description: "Requests sent and not yet answered"
})
const durations = MetricKey.histogram(
  nameOf("http_request_duration_seconds"),
  // the boundaries that OpenTelemetry recommends for HTTP
  MetricBoundaries.fromIterable([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]),
  "Seconds from sending a request to the headers of its answer"
)

type LabelValues = Readonly<Record<string, string>>

const noLabels: ReadonlyArray<MetricLabel.MetricLabel> = []

/** Labels are part of the metric key, so that an update needs no lookup. */
const labelsOf = (labels: LabelValues): ReadonlyArray<MetricLabel.MetricLabel> =>
  Object.entries(labels).map(([name, value]) => MetricLabel.make(name, value))

/** Adds one to a counter. Cheap enough for every request. */
const increment = (key: typeof logins, labels: LabelValues): () => void => {
  const metric = Metric.fromMetricKey(MetricKey.taggedWithLabels(key, labelsOf(labels)))
  return () => metric.unsafeUpdate(1, noLabels)
}

/** Changes a gauge by a number. */
const change = (key: typeof inFlight, labels: LabelValues): (by: number) => void => {
  const metric = Metric.fromMetricKey(MetricKey.taggedWithLabels(key, labelsOf(labels)))
  return (by) => metric.unsafeModify(by, noLabels)
}

/** Adds a value to a histogram. */
const observe = (key: typeof durations, labels: LabelValues): (value: number) => void => {
  const metric = Metric.fromMetricKey(MetricKey.taggedWithLabels(key, labelsOf(labels)))
  return (value) => metric.unsafeUpdate(value, noLabels)
}

/** Metrics are never freed. Label sets beyond this number are counted together. */
const maxFamilies = 1000

/** Memoizes `make` by labels. Beyond `maxFamilies`, new labels are replaced by `other`. */
const bounded = <L, A>(options: {
  readonly make: (labels: L) => A
  readonly keyOf: (labels: L) => string
  readonly other: (labels: L) => L
}): (labels: L) => A => {
  const known = new Map<string, A>()
  return (asked) => {
    const found = known.get(options.keyOf(asked))
    if (found !== undefined) {
      return found
    }
    const labels = known.size < maxFamilies ? asked : options.other(asked)
    const key = options.keyOf(labels)
    const made = known.get(key) ?? options.make(labels)
    known.set(key, made)
    return made
  }
}

/** Remembers the last labels, which are usually the same again: comparing them is cheaper than making their key. */
const recalling = <L, A>(find: (labels: L) => A, isSame: (a: L, b: L) => boolean): (labels: L) => A => {
  let last: { readonly labels: L; readonly found: A } | undefined
  return (labels) => {
    if (last === undefined || !isSame(last.labels, labels)) {
      last = { labels, found: find(labels) }
    }
    return last.found
  }
}

// -----------------------------------------------------------------------------
// tokens
// -----------------------------------------------------------------------------

export interface Labels {
  readonly plugin: string
  readonly cloud: string
}

/** The counters of one plugin in one cloud. */
export interface Counters {
  readonly login: (outcome: string) => void
  readonly renewal: () => void
  readonly rejection: () => void
  readonly cacheHit: () => void
  readonly storeHit: () => void
  readonly backoff: () => void
}

const makeCounters = ({ cloud, plugin }: Labels): Counters => {
  const named = { plugin, cloud }
  return {
    login: (outcome) => increment(logins, { ...named, outcome })(),
    renewal: increment(renewals, named),
    rejection: increment(rejections, named),
    cacheHit: increment(cacheHits, named),
    storeHit: increment(storeHits, named),
    backoff: increment(backoffs, named)
  }
}

/** The counters for a plugin and a cloud, made once for each. */
export const makeFamily = (): (labels: Labels) => Counters =>
  recalling(
    bounded({
      make: makeCounters,
      keyOf: ({ cloud, plugin }) => `${plugin} ${cloud}`,
      other: (labels) => ({ ...labels, cloud: "other" })
    }),
    (a, b) => a === b
  )

// -----------------------------------------------------------------------------
// requests
// -----------------------------------------------------------------------------

export interface RequestLabels {
  readonly method: string
  readonly phase: string
  readonly service: string
  readonly cloud: string
}

/** The metrics of requests with the same labels. */
export interface Meters {
  readonly sent: (resend: boolean) => void
  /** `outcome` is the class of the status (`2xx`), or the kind of failure. */
  readonly done: (outcome: string, seconds: number) => void
}

const makeMeters = (labels: RequestLabels): Meters => {
  const { cloud, method, phase, service } = labels
  const open = change(inFlight, { phase, service, cloud })
  const resent = increment(resends, { phase, service, cloud })
  const byOutcome = new Map<string, (seconds: number) => void>()
  return {
    sent: (resend) => {
      open(1)
      if (resend) {
        resent()
      }
    },
    done: (outcome, seconds) => {
      open(-1)
      let duration = byOutcome.get(outcome)
      if (duration === undefined) {
        duration = observe(durations, { method, outcome, phase, service, cloud })
        byOutcome.set(outcome, duration)
      }
      duration(seconds)
    }
  }
}

/** The metrics for a set of labels, made once for each. */
export const makeRequests = (): (labels: RequestLabels) => Meters =>
  recalling(
    bounded({
      make: makeMeters,
      keyOf: ({ cloud, method, phase, service }) => `${method} ${phase} ${service} ${cloud}`,
      other: (labels) => ({ ...labels, service: "other", cloud: "other" })
    }),
    (a, b) => a.method === b.method && a.phase === b.phase && a.service === b.service && a.cloud === b.cloud
  )
