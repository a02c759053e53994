/** What the library promises, on services that nobody here wrote. */
import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Chunk, Duration, Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { Adapter, type Microversion, Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Http from "node:http"
import { inspect } from "node:util"
import * as Zlib from "node:zlib"
import { listen } from "../servers.js"
import * as Support from "./support.js"

const region = { regionName: "RegionOne" }

/** Without a version: at Glance's root, where each path answers with the list of versions. */
const openImage = Adapter.make({ serviceType: "image", ...region })

const image = Adapter.make({ serviceType: "image", minVersion: 2, ...region })

const requestsTo = (port: string) => Support.sentTo(`:${port}/`)

Support.onOpenStack("A 300 of Glance", (test) => {
  test("to what names no version: MultipleChoices with those that there are, and nothing was made", () =>
    Effect.gen(function*() {
      const client = yield* openImage
      const body = HttpBody.unsafeJson({ name: "nowhere", disk_format: "raw", container_format: "bare" })
      for (const refused of [client.post("/images", { body }), client.get("/images"), client.del("/images/nope")]) {
        const error = yield* Support.failure(refused, "MultipleChoices")
        assert.strictEqual(error.status, 300)
        assert.strictEqual(error.serviceType, "image")
        assert.include(error.versions, "2.16 (CURRENT)")
        assert.include(error.versions, "2.0 (SUPPORTED)")
        Support.says(error, "http://127.0.0.1:9292/images", "300 Multiple Choices", "2.16 (CURRENT)", "minVersion: 2")
      }
      const { images } = yield* Effect.flatMap((yield* image).get("/images"), Support.decode(Support.Images))
      assert.notInclude(images.map(({ name }) => name), "nowhere")
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("is an answer where raiseForStatus is false, and where the root itself is read", () =>
    Effect.gen(function*() {
      const client = yield* openImage
      const created = client.post("/images").pipe(Adapter.withOptions({ raiseForStatus: false }))
      for (const answer of [created, client.get("/")]) {
        const response = yield* answer
        assert.strictEqual(response.status, 300)
        assert.property(yield* response.json, "versions")
      }
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})

Support.onOpenStack("A path that leaves its endpoint", (test) => {
  test("is refused before anything is sent, and each value of a template is one segment", () =>
    Effect.gen(function*() {
      const client = yield* image
      for (const path of ["/images/..", "/images/%2e%2e/%2E%2e/x", "/images/..%2f..", "/images/\n"]) {
        const error = yield* Support.failure(client.del(path), "InvalidOptions")
        assert.strictEqual(error.option, "url")
      }
      assert.deepStrictEqual(yield* requestsTo("9292"), [])
      yield* Support.failure(client.get(Adapter.path`/images/${"nope/file?x=1#y"}`), "NotFound")
      assert.deepStrictEqual(yield* Support.sentTo("/images/"), [
        "http://127.0.0.1:9292/v2/images/nope%2Ffile%3Fx%3D1%23y"
      ])
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})

Support.onOpenStack("An auth URL", (test) => {
  for (const [what, around] of [["a newline behind it", ["", "\n"]], ["blanks around it", ["  ", " \t"]]] as const) {
    test(`with ${what} is read without, and nothing goes elsewhere`, () =>
      Effect.gen(function*() {
        const { auth_url, auth_url_unversioned } = yield* Support.fixtures
        for (const url of [auth_url, auth_url_unversioned]) {
          const demo = Support.password("demo", { ...Support.demoProject, authUrl: around.join(url) })
          yield* Effect.provide(Support.access, demo)
        }
        assert.deepStrictEqual(
          [...new Set(yield* Support.sentTo("/auth/tokens"))],
          [`${auth_url}/auth/tokens`]
        )
      }).pipe(Effect.provide(Support.session())))
  }
})

const hard = "it's \"quoted\"\\\n and  <so>\ton & 100% so"

/** The pieces of it that are its own, however the rest is written. */
const pieces = ["quoted", "100%", "it's", "<so>"]

const assertHidden = (error: unknown) => {
  for (const text of [String(error), JSON.stringify(error), inspect(error, { depth: 20, showHidden: true })]) {
    for (const piece of pieces) {
      assert.notInclude(text, piece)
    }
  }
}

Support.onOpenStack("A password of quotes and newlines", (test) => {
  test("that is wrong is not shown, and Keystone's own words are", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "Unauthorized")
      Support.says(error, "The request you have made requires authentication.", "user \"demo\" of domain \"Default\"")
      assertHidden(error)
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, password: Redacted.make(hard) })),
      Effect.provide(Support.session())
    ))

  test("that Keystone and Nova quote in Python's way is hidden there", () =>
    Effect.gen(function*() {
      for (
        const [serviceType, path, body] of [
          ["identity", "/users", { user: { name: "nobody", password: [hard] } }],
          ["compute", "/servers", {
            server: { name: "none", imageRef: "", flavorRef: "1", networks: [], adminPass: [hard] }
          }]
        ] as const
      ) {
        const error = yield* Support.failure(
          Session.request(HttpClientRequest.post(path, { body: HttpBody.unsafeJson(body) }), {
            endpointFilter: { serviceType, ...region }
          }),
          "BadRequest"
        )
        Support.says(error, "<redacted>", "is not of type 'string'")
        assertHidden(error)
      }
    }).pipe(Effect.provide(Support.admin), Effect.provide(Support.session())))
})

/** A server of ours in front of the cloud. */
const entrance = (handler: Http.RequestListener) =>
  Effect.map(Effect.orDie(listen(Http.createServer(handler))), ({ port }) => `http://127.0.0.1:${port}`)

Support.onOpenStack("An http entrance that redirects to https", (test) => {
  test("leaves the token behind, and the error is about that", () =>
    Effect.gen(function*() {
      const url = yield* entrance((request, response) => {
        request.resume()
        response.writeHead(301, { location: `https://127.0.0.1:8443/compute/v2.1${request.url ?? ""}` }).end()
      })
      const error = yield* Support.failure(
        Session.request(HttpClientRequest.get("/servers"), { endpointOverride: url }),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "TokenNotSent")
      assert.strictEqual(error.redirectedFrom, `${url}/servers`)
      Support.says(error, "https://127.0.0.1:8443/compute/v2.1/servers", `${url}/servers`)
      assert.notInclude(error.message, "just issued")
    }).pipe(
      Effect.scoped,
      Effect.provide(Support.password()),
      Effect.provide(
        Layer.unwrapEffect(Effect.map(Support.fixtures, ({ tls }) =>
          Layer.provide(Session.layer(), NodeTransport.layer({ caCert: tls.ca }))))
      )
    ))
}, ["undici"])

/** What was asked for, of each request. */
const accepting = (asked: Array<string | undefined>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.mapRequest((request) => {
        asked.push(request.headers["accept-encoding"])
        return request
      })
    )
  )

/** Answers as Keystone does, in gzip. */
const compressing = (target: string): Http.RequestListener => (request, response) => {
  const headers = { ...request.headers, "accept-encoding": "identity" }
  const onward = Http.request(new URL(request.url ?? "/", target), { method: request.method, headers }, (answer) => {
    const { "content-length": _length, "transfer-encoding": _coding, ...kept } = answer.headers
    response.writeHead(answer.statusCode ?? 502, { ...kept, "content-encoding": "gzip" })
    answer.pipe(Zlib.createGzip()).pipe(response)
  })
  onward.on("error", () => response.destroy())
  request.pipe(onward)
}

Support.onOpenStack("Compressed bodies", (test) => {
  test("are asked for, and the services' answers are read", () => {
    const asked: Array<string | undefined> = []
    return Effect.gen(function*() {
      for (
        const [serviceType, path] of [
          ["compute", "/flavors/detail"],
          ["image", "/v2/images"],
          ["network", "/v2.0/networks"],
          ["identity", "/auth/projects"]
        ] as const
      ) {
        const response = yield* Session.request(HttpClientRequest.get(path), {
          endpointFilter: { serviceType, ...region }
        })
        assert.isObject(yield* response.json)
      }
      assert.deepStrictEqual([...new Set(asked)], ["gzip, deflate"])
    }).pipe(
      Effect.provide(Support.password()),
      Effect.provide(Session.layer().pipe(Layer.provide(accepting(asked)), Layer.provide(Support.platform)))
    )
  })

  test("of a Keystone behind a proxy: a login, a refusal in its own words, and a list", () =>
    Effect.gen(function*() {
      const { auth_url_unversioned } = yield* Support.fixtures
      const proxy = yield* entrance(compressing(auth_url_unversioned))
      const authUrl = `${proxy}/v3`
      const demo = Support.password("demo", { ...Support.demoProject, authUrl })
      assert.isDefined((yield* Effect.provide(Support.access, demo)).catalog)
      const projects = yield* Session.request(HttpClientRequest.get("/auth/projects"), { endpointOverride: authUrl })
        .pipe(Effect.flatMap(Support.decode(Support.Projects)), Effect.provide(demo))
      assert.include(projects.projects.map(({ name }) => name), "demo")
      const wrong = Support.password("demo", { ...Support.demoProject, authUrl, password: Redacted.make("not it") })
      const error = yield* Support.failure(Effect.provide(Support.access, wrong), "Unauthorized")
      Support.says(error, "The request you have made requires authentication.")
    }).pipe(Effect.scoped, Effect.provide(Support.session())))
})

Support.onOpenStack("An upload", (test) => {
  const Created = Schema.Struct({ id: Schema.String })
  const Shown = Schema.Struct({ status: Schema.String, size: Schema.NullOr(Schema.Number) })
  const megabyte = 1024 * 1024
  const sizes = { pieces: 64, every: "150 millis", timeout: "5 seconds" } as const

  test("that flows takes longer than the timeout, and arrives", () =>
    Effect.gen(function*() {
      const client = yield* image
      yield* Effect.acquireUseRelease(
        client.post("/images", {
          body: HttpBody.unsafeJson({ name: "large", disk_format: "raw", container_format: "bare" })
        }).pipe(Effect.flatMap(Support.decode(Created))),
        ({ id }) =>
          Effect.gen(function*() {
            const piece = new Uint8Array(megabyte).fill(7)
            const bytes = Stream.fromSchedule(Schedule.spaced(sizes.every)).pipe(
              Stream.take(sizes.pieces),
              Stream.mapChunks(Chunk.map(() => piece))
            )
            const put = HttpClientRequest.put(Adapter.path`/images/${id}/file`).pipe(
              HttpClientRequest.bodyStream(bytes, { contentType: "application/octet-stream" })
            )
            const [took, response] = yield* Effect.timed(
              client.execute(put).pipe(Adapter.withOptions({ timeout: sizes.timeout }))
            )
            assert.strictEqual(response.status, 204)
            assert.isTrue(Duration.greaterThan(took, sizes.timeout), Duration.format(took))
            const shown = yield* Effect.flatMap(client.get(Adapter.path`/images/${id}`), Support.decode(Shown))
            assert.deepStrictEqual(shown, { status: "active", size: sizes.pieces * megabyte })
          }),
        ({ id }) => Effect.orDie(client.del(Adapter.path`/images/${id}`))
      )
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())), 120_000)
})

Support.onOpenStack("A microversion", (test) => {
  const servers = (filter: Adapter.Options, microversion: Microversion.Input) =>
    Effect.flatMap(
      Adapter.make(filter),
      (compute) => compute.get("/servers").pipe(Adapter.withMicroversion(microversion))
    )

  test("is held against the version of several that was chosen", () =>
    Effect.gen(function*() {
      const root = "http://127.0.0.1:8774/"
      const filter = {
        serviceType: "compute",
        endpointOverride: root,
        minVersion: "2.1",
        maxVersion: "2.latest"
      } as const
      const response = yield* servers(filter, "2.93")
      assert.strictEqual(response.headers["openstack-api-version"], "compute 2.93")
      const error = yield* Support.failure(servers(filter, "2.94"), "MicroversionNotSupported")
      Support.says(error, "2.94 of compute", "2.1 to 2.93")
      assert.strictEqual((yield* Support.sentTo("/servers")).length, 1)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("without a version is held against a document as soon as one is known", () =>
    Effect.gen(function*() {
      const filter = { serviceType: "compute", ...region }
      yield* Support.failure(servers(filter, "2.999"), "NotAcceptable")
      yield* Session.endpointData(filter)
      yield* Support.failure(servers(filter, "2.999"), "MicroversionNotSupported")
      assert.strictEqual((yield* Support.sentTo("/servers")).length, 1)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})
