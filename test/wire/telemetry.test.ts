import { HttpBody, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Logger, LogLevel, Metric, Option, Stream, TestClock } from "effect"
import { Session, Transport } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { type Recorded, type Recorder, recorder } from "../recorder.js"
import { Compute, demo } from "../support.js"

/** Names of spans, children below their parents, in the order of their start. */
const tree = ({ spans }: Recorder): ReadonlyArray<string> => {
  const below = (parent: string | undefined, depth: number): ReadonlyArray<string> =>
    spans.filter((span) => Option.getOrUndefined(span.parent)?.spanId === parent)
      .flatMap((span) => ["  ".repeat(depth) + span.name, ...below(span.spanId, depth + 1)])
  return below(undefined, 0)
}

const named = ({ spans }: Recorder, name: string) => spans.filter((span) => span.name === name)

const linked = (span: Recorded | undefined) => span?.links.map((link) => link.span.spanId)

const servers = Effect.flatMap(Compute, (compute) => compute.get("/servers"))

/** Needs a version document. */
const images = Session.request(HttpClientRequest.get("/images"), {
  endpointFilter: { serviceType: "image", minVersion: 2 }
})

const inCloud = <A, E>(
  program: (recorder: Recorder) => Effect.Effect<
    A,
    E,
    Compute | Layer.Layer.Success<ReturnType<typeof TestCloud.layer>>
  >
) =>
  Effect.flatMap(recorder, (recorder) =>
    program(recorder).pipe(
      Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer())),
      Effect.provide(recorder.layer)
    ))

/** A transport whose responses are made by a function. */
const onWire = (
  answer: (
    request: HttpClientRequest.HttpClientRequest,
    url: URL
  ) => Effect.Effect<Response, HttpClientError.RequestError>
) =>
  Layer.provide(
    Transport.layer(),
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request, url) =>
        Effect.map(answer(request, url), (response) => HttpClientResponse.fromWeb(request, response))
      )
    )
  )

const execute = (request: HttpClientRequest.HttpClientRequest, options?: Transport.ExecuteOptions) =>
  Effect.flatMap(Transport.Transport, (transport) => transport.execute(request, options))

describe("spans", () => {
  it.effect("login, discovery and each attempt are children of the request that waits for them", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        yield* images
        assert.deepStrictEqual(tree(recorder), [
          "Session.request",
          "  Tokens.fetch",
          "    AuthPlugin.login",
          "      http.client POST",
          "  Discovery.fetch",
          "    http.client GET",
          "  http.client GET"
        ])
        yield* images
        assert.deepStrictEqual(tree(recorder).slice(7), ["Session.request", "  http.client GET"])
      })
    ))

  it.effect("have the attributes of OpenTelemetry's conventions, and OpenStack's own", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        const cloud = yield* TestCloud.TestCloud
        yield* servers
        const { host } = new URL(cloud.authUrl)
        const operation = Object.fromEntries(named(recorder, "Session.request")[0]?.attributes ?? [])
        const { "openstack.request_id": requestId, ...attempt } = Object.fromEntries(
          recorder.spans.at(-1)?.attributes ?? []
        )
        assert.match(String(requestId), /^req-/)
        const about = {
          "http.request.method": "GET",
          "http.response.status_code": 200,
          "url.full": operation["url.full"],
          "openstack.cloud": host,
          "openstack.service.type": "compute",
          "openstack.region": "RegionOne",
          "openstack.microversion": "2.79"
        }
        assert.match(String(about["url.full"]), /\/servers$/)
        assert.deepInclude(operation, {
          ...about,
          "openstack.auth.plugin": "v3password",
          "openstack.request_id": requestId
        })
        assert.deepInclude(attempt, {
          ...about,
          "url.scheme": "http",
          "server.address": new URL(cloud.authUrl).hostname,
          "server.port": Number(new URL(cloud.authUrl).port || 80),
          "openstack.phase": "request"
        })
        const [login] = named(recorder, "http.client POST")
        assert.strictEqual(login?.attributes.get("openstack.service.type"), "identity")
        assert.strictEqual(login?.attributes.get("openstack.phase"), "login")
        assert.strictEqual(login?.kind, "client")
      })
    ))

  it.effect("of requests that wait for a shared fetch link to its span", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        const cloud = yield* TestCloud.TestCloud
        yield* cloud.misbehave({ kind: { delay: "1 second" } })
        const all = yield* Effect.fork(Effect.all([images, images, images], { concurrency: "unbounded" }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(all)
        const [first, ...others] = named(recorder, "Session.request")
        const fetches = [...named(recorder, "Tokens.fetch"), ...named(recorder, "Discovery.fetch")]
        assert.strictEqual(fetches.length, 2)
        const children = fetches.filter((fetch) => Option.getOrUndefined(fetch.parent)?.spanId === first?.spanId)
        assert.strictEqual(children.length, 2)
        for (const other of others) {
          assert.deepStrictEqual(linked(other), fetches.map(({ spanId }) => spanId))
        }
        assert.deepStrictEqual(linked(first), [])
      })
    ))

  it.effect("of a renewal in the background are a separate trace with a link to the request that started it", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        const cloud = yield* TestCloud.TestCloud
        yield* cloud.setTokenLifetime("100 seconds")
        yield* servers
        yield* TestClock.adjust("95 seconds")
        yield* servers
        yield* TestClock.adjust("1 seconds")
        const request = named(recorder, "Session.request").at(-1)
        const renewal = named(recorder, "Tokens.fetch").at(-1)
        assert.strictEqual(named(recorder, "Tokens.fetch").length, 2)
        assert.isTrue(Option.isNone(renewal?.parent ?? Option.none()))
        assert.notStrictEqual(renewal?.traceId, request?.traceId)
        assert.deepStrictEqual(linked(renewal), [request?.spanId])
      })
    ))

  it.effect("each attempt of a request has a number, and has failed if it was refused", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        const cloud = yield* TestCloud.TestCloud
        yield* servers
        yield* cloud.revokeTokens()
        yield* servers
        const attempts = recorder.spans.filter(({ attributes }) => attributes.get("openstack.phase") === "request")
          .slice(1)
        assert.deepStrictEqual(
          attempts.map(({ attributes, exit }) => [
            attributes.get("http.request.resend_count"),
            attributes.get("http.response.status_code"),
            attributes.get("error.type"),
            exit?._tag
          ]),
          [[undefined, 401, "401", "Failure"], [1, 200, undefined, "Success"]]
        )
        assert.strictEqual(named(recorder, "Session.request").at(-1)?.exit?._tag, "Success")
      })
    ))

  it.effect("a failure has its type in the spans of the attempt and of the request", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        const cloud = yield* TestCloud.TestCloud
        yield* servers
        const types = () =>
          [recorder.spans.at(-1), named(recorder, "Session.request").at(-1)].map((span) =>
            span?.attributes.get("error.type")
          )
        yield* cloud.misbehave({ service: "compute", times: 1, kind: { connection: "reset" } })
        yield* Effect.exit(servers)
        assert.deepStrictEqual(types(), ["Reset", "TransportError"])
        yield* cloud.misbehave({ service: "compute", times: 1, kind: { status: 404 } })
        yield* Effect.exit(servers)
        assert.deepStrictEqual(types(), ["404", "NotFound"])
      })
    ))

  it.effect("nothing is traced if tracing is disabled", () =>
    inCloud((recorder) =>
      Effect.gen(function*() {
        yield* Effect.withTracerEnabled(Effect.all([servers, servers], { concurrency: 2 }), false)
        assert.deepStrictEqual(recorder.spans, [])
      })
    ))

  it.effect("follow the conventions for default ports, unknown methods and signed URLs", () =>
    Effect.gen(function*() {
      const { layer, spans } = yield* recorder
      yield* execute(
        HttpClientRequest.make("PURGE" as "GET")("https://me:pw@swift.test/o?temp_url_sig=abcd", {
          headers: { "x-openstack-request-id": "req-global" }
        })
      ).pipe(
        Effect.provide(onWire(() => Effect.succeed(new Response("12", { headers: { "content-length": "2" } })))),
        Effect.provide(layer)
      )
      assert.strictEqual(spans[0]?.name, "http.client _OTHER")
      assert.deepStrictEqual(Object.fromEntries(spans[0]?.attributes ?? []), {
        "http.request.method": "_OTHER",
        "http.request.method_original": "PURGE",
        "url.full": "https://swift.test/o?temp_url_sig=<redacted>",
        "url.scheme": "https",
        "server.address": "swift.test",
        "server.port": 443,
        "openstack.phase": "request",
        "openstack.cloud": "swift.test",
        "openstack.global_request_id": "req-global",
        "http.response.status_code": 200,
        "http.response.body.size": 2
      })
    }))
})

describe("metrics", () => {
  const read = (name: string, labels: Readonly<Record<string, string>>) =>
    Metric.unsafeSnapshot().flatMap(({ metricKey, metricState }) => {
      const tags = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
      return metricKey.name === `effect_keystoneauth_${name}` &&
          Object.entries(labels).every(([key, value]) => tags[key] === value)
        ? [{ tags, state: metricState as unknown as Record<string, unknown> }]
        : []
    })

  const about = (serviceType: string): Transport.ExecuteOptions => ({
    about: { serviceType, cloud: "metrics" }
  })
  const request = HttpClientRequest.get("http://a.test/")

  it.effect("measure the duration of each attempt by its kind and outcome", () =>
    Effect.gen(function*() {
      const run = Effect.exit(execute(request, about("timed")))
      for (const [millis, status] of [[30, 200], [300, 200], [30, 503]] as const) {
        const fiber = yield* Effect.fork(Effect.provide(
          run,
          onWire(() => Effect.delay(Effect.succeed(new Response("", { status })), millis))
        ))
        yield* TestClock.adjust(10)
        assert.deepStrictEqual(
          read("http_requests_in_flight", { service: "timed" }).map(({ state }) => state["value"]),
          [1]
        )
        yield* TestClock.adjust(millis)
        yield* Fiber.join(fiber)
      }
      yield* Effect.provide(
        run,
        onWire((request) =>
          Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: "ECONNRESET" } }))
        )
      )
      const fiber = yield* Effect.fork(Effect.provide(run, onWire(() => Effect.never)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const durations = read("http_request_duration_seconds", { service: "timed" })
      assert.deepStrictEqual(
        Object.fromEntries(
          durations.map(({ state, tags }) => [tags["outcome"], [state["count"], Number(state["sum"]).toFixed(2)]])
        ),
        { "2xx": [2, "0.33"], "5xx": [1, "0.03"], Reset: [1, "0.00"], TimedOut: [1, "60.00"] }
      )
      assert.deepStrictEqual(durations[0]?.tags, {
        method: "GET",
        outcome: "2xx",
        phase: "request",
        service: "timed",
        cloud: "metrics"
      })
      assert.deepStrictEqual(read("http_requests_in_flight", { service: "timed" }).map(({ state }) => state["value"]), [
        0
      ])
    }))

  it.effect("count retries", () =>
    Effect.gen(function*() {
      const wire = onWire((_, url) =>
        Effect.succeed(
          url.pathname === "/" ? new Response("", { status: 302, headers: { location: "/b" } }) : new Response("")
        )
      )
      yield* Effect.provide(execute(request, about("resent")), wire)
      assert.deepStrictEqual(read("http_resends_total", { service: "resent" }).map(({ state }) => state["count"]), [1])
      assert.deepStrictEqual(
        read("http_request_duration_seconds", { service: "resent" }).map(({ tags }) => tags["outcome"]).sort(),
        ["2xx", "3xx"]
      )
    }))

  it.effect("of a session are labelled with the service, and with the host of Keystone as the cloud", () =>
    inCloud(() =>
      Effect.gen(function*() {
        const cloud = yield* TestCloud.TestCloud
        yield* images
        const { host } = new URL(cloud.authUrl)
        const seen = read("http_request_duration_seconds", { cloud: host }).map(({ tags }) =>
          `${tags["phase"]} ${tags["service"]}`
        )
        assert.includeMembers(seen, ["login identity", "discovery unknown", "request image"])
      })
    ))
})

describe("the debug log", () => {
  const debug = Logger.withMinimumLogLevel(LogLevel.Debug)

  it.effect("has a line for each request, for its response, and for a body that is read", () =>
    inCloud(({ lines }) =>
      Effect.gen(function*() {
        const { authUrl } = yield* TestCloud.TestCloud
        const response = yield* debug(images)
        const [login, answered, token, ...others] = lines
        assert.match(
          login ?? "",
          new RegExp(`^curl -g -i -X POST '${authUrl}/auth/tokens' .* --data-binary @login.json$`)
        )
        assert.match(answered ?? "", /^201 in 0 ms \(req-[^)]*\) POST .* x-subject-token: <redacted>/)
        assert.match(token ?? "", /^body of POST .*"catalog":"<\d services>"/)
        assert.strictEqual(others.length, 5)
        assert.match(others[3] ?? "", /^curl -g -i -X GET '.*\/images' .*-H "x-auth-token: \$OS_TOKEN"$/)
        assert.match(others[4] ?? "", /^200 in 0 ms \(req-[^)]*\) GET .*\/images .*content-type: application\/json/)
        yield* debug(response.json)
        assert.match(lines[8] ?? "", /^body of GET .*\/images \(req-[^)]*\) {"images":\[/)
        // once, however often it is read
        yield* debug(response.text)
        assert.strictEqual(lines.length, 9)
      })
    ))

  it.effect("is empty unless the level is Debug, also for a single call", () =>
    inCloud(({ lines }) =>
      Effect.gen(function*() {
        const response = yield* servers
        yield* response.json
        yield* debug(Logger.withMinimumLogLevel(servers, LogLevel.Info))
        assert.deepStrictEqual(lines, [])
      })
    ))

  it.effect("costs nothing if it is disabled: no body is read", () =>
    Effect.gen(function*() {
      const { layer, lines } = yield* recorder
      let looked = 0
      const body = HttpBody.raw("{}", { contentType: "application/json" })
      const watched = new Proxy(body, {
        get: (target, name) => {
          looked += name === "contentType" ? 1 : 0
          return Reflect.get(target, name)
        }
      })
      const request = { ...HttpClientRequest.post("http://a.test/"), body: watched }
      const post = Effect.suspend(() => execute(Object.assign(Object.create(HttpClientRequest.get("")), request)))
      const run = Effect.provide(post, Layer.merge(onWire(() => Effect.succeed(new Response(""))), layer))
      yield* run
      assert.strictEqual(looked, 0)
      yield* debug(run)
      assert.isAbove(looked, 0)
      assert.strictEqual(lines.length, 2)
    }))

  it.effect("does not read streams", () =>
    Effect.gen(function*() {
      const { layer, lines } = yield* recorder
      const endless = () =>
        new Response(
          new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("first")) }),
          { headers: { "content-type": "application/json" } }
        )
      yield* Effect.gen(function*() {
        const response = yield* execute(HttpClientRequest.get("http://a.test/"))
        const chunks = yield* Stream.runCollect(Stream.take(response.stream, 1))
        assert.strictEqual(new TextDecoder().decode(Chunk.unsafeHead(chunks)), "first")
      }).pipe(debug, Effect.provide(onWire(() => Effect.sync(endless))), Effect.provide(layer))
      assert.strictEqual(lines.length, 2)
    }))

  it.effect("has failures, error responses, and bodies that cannot be read as requested", () =>
    Effect.gen(function*() {
      const { layer, lines } = yield* recorder
      yield* Effect.gen(function*() {
        yield* Effect.exit(execute(HttpClientRequest.get("http://a.test/down")))
        const response = yield* execute(HttpClientRequest.get("http://a.test/"))
        yield* Effect.exit(response.json)
      }).pipe(
        debug,
        Effect.provide(onWire((request, { pathname }) =>
          pathname === "/down"
            ? Effect.fail(
              new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: "ECONNREFUSED" } })
            )
            : Effect.succeed(new Response("not today", { status: 503, headers: { "content-type": "text/plain" } }))
        )),
        Effect.provide(layer)
      )
      assert.match(lines[1] ?? "", /^GET http:\/\/a.test\/down failed after 0 ms: .*connect/)
      assert.deepStrictEqual(lines.slice(3), [
        "503 in 0 ms GET http://a.test/ content-type: text/plain",
        "body of GET http://a.test/ not today"
      ])
    }))

  it.effect("follows the identity that a request is made as, through the plain session as well", () =>
    inCloud(({ lines }) =>
      Effect.gen(function*() {
        yield* Effect.provide(
          Session.request(HttpClientRequest.get("/servers"), { endpointFilter: { serviceType: "compute" } }),
          yield* demo
        ).pipe(debug)
        assert.isTrue(lines.some((line) => line.includes("/servers' ")))
      })
    ))
})
