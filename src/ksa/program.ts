/** The command line of `ksa`. */
import * as CliArgs from "@effect/cli/Args"
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as CliOptions from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import process from "node:process"
import * as CloudConfig from "../cloud/CloudConfig.js"
import * as CloudOptions from "../cloud/CloudOptions.js"
import * as Errors from "../Errors.js"
import { version } from "../wire/version.js"
import * as Args from "./args.js"
import * as Commands from "./commands.js"
import * as Doctor from "./doctor.js"
import * as Failure from "./failure.js"
import * as Output from "./output.js"

const options = {
  cloud: CloudOptions.cloud({ services: ["compute", "image", "network", "block-storage", "identity"] }),
  format: CliOptions.withDefault(
    CliOptions.withDescription(CliOptions.choice("format", ["table", "json"]), "format of the output"),
    "table"
  ),
  debug: CliOptions.withDescription(
    CliOptions.boolean("debug"),
    "print requests as curl commands, without secrets"
  )
}

const about = {
  "token issue": "print a token",
  "token show": "print user, project and roles of the token",
  "token revoke": "revoke a token; by default the one of this login",
  catalog: "print all services and endpoints",
  endpoint: "print the URL of a service, and how it was chosen",
  versions: "print the versions and microversions of the services",
  request: "send a request with a token: curl for OpenStack",
  "config explain": "print each value with its source, without secrets",
  doctor: "check configuration, login and services, and report problems"
}

/** Provides the output style that the options ask for. */
const printed = ({ debug, format }: { readonly debug: boolean; readonly format: string }) =>
  Effect.provideServiceEffect(Output.Output, Output.style({ debug, json: format === "json" }))

/** The list of commands, printed if none is given. */
const overview = Output.list(["Command", "What it does"], Object.entries(about)).pipe(
  Effect.zipRight(Output.text("\nksa COMMAND --help shows the options of a command, ksa --help those of all commands"))
)

const root = Command.make(
  "ksa",
  options,
  (how) => printed(how)(overview)
).pipe(
  Command.withDescription("OpenStack authentication, catalog and requests from the command line.")
)

/** Loaded only by commands that send requests, since it takes the longest to load. */
const transport = Layer.unwrapEffect(
  Effect.map(Effect.promise(() => import("../node/NodeTransport.js")), ({ layerFactory }) => layerFactory)
)

/** Runs a command with the chosen cloud and output style. */
const run = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  Effect.flatMap(root, ({ cloud, debug, format }) =>
    command.pipe(
      Effect.provide(CloudOptions.layer(cloud, { session: { appName: "ksa", appVersion: version } })),
      Effect.provide(transport),
      printed({ debug, format }),
      Logger.withMinimumLogLevel(debug ? LogLevel.Debug : LogLevel.Warning)
    ))

/** Runs a command with the configuration only: nothing is sent, and there are no prompts. */
const offline = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  Effect.flatMap(root, ({ cloud: { cloud, options }, debug, format }) =>
    command.pipe(
      Effect.provide(CloudConfig.layerCloud(cloud, options)),
      printed({ debug, format }),
      Logger.withMinimumLogLevel(LogLevel.Warning)
    ))

const describe = Command.withDescription

const token = Command.make("token").pipe(
  describe("log in, and show or revoke the token"),
  Command.withSubcommands([
    Command.make("issue", {}, () => run(Commands.tokenIssue)).pipe(describe(about["token issue"])),
    Command.make("show", {}, () => run(Commands.tokenShow)).pipe(describe(about["token show"])),
    Command.make(
      "revoke",
      { token: CliArgs.optional(CliArgs.redacted({ name: "TOKEN" })) },
      (given) => run(Commands.tokenRevoke(given))
    ).pipe(describe(about["token revoke"]))
  ])
)

const catalog = Command.make("catalog", {}, () => run(Commands.catalog)).pipe(
  describe(about.catalog)
)

const endpoint = Command.make("endpoint", {
  service: CliArgs.text({ name: "SERVICE" }),
  explain: CliOptions.withDescription(CliOptions.boolean("explain"), "show each step of the decision")
}, (given) => run(Commands.endpoint(given))).pipe(describe(about.endpoint))

const versions = Command.make("versions", Commands.versionsConfig, (given) => run(Commands.versions(given))).pipe(
  describe(about.versions)
)

const request = Command.make("request", Commands.requestConfig, (given) => run(Commands.request(given))).pipe(
  describe(about.request)
)

const config = Command.make("config").pipe(
  describe("show the configuration"),
  Command.withSubcommands([
    Command.make("explain", {}, () => offline(Commands.configExplain)).pipe(
      describe(about["config explain"])
    )
  ])
)

const doctor = Command.make("doctor", {}, () =>
  run(Effect.gen(function*() {
    const findings = yield* Doctor.diagnose
    yield* Output.list(
      ["Check", "Verdict", "Detail"],
      findings.map(({ check, detail, verdict }) => [check, verdict, detail])
    )
    const found = findings.filter(({ verdict }) => verdict === "problem").length
    if (found > 0) {
      return yield* new Failure.FoundProblems({ found })
    }
  }))).pipe(describe(about.doctor))

const ksa = Command.run(
  root.pipe(Command.withSubcommands([token, catalog, endpoint, versions, request, config, doctor])),
  { name: "ksa", version: `v${version}`, executable: "ksa" }
)

const inOrder = Args.inOrder(CliOptions.all(options))

/** Silences the errors of `@effect/cli`, which `Failure.report` prints in two lines. */
const withoutErrors = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Effect.console,
    (console) => Effect.withConsole(effect, { ...console, [Console.TypeId]: Console.TypeId, error: () => Effect.void })
  )

/** Runs the command line of a process, and returns the exit code. */
export const main = (
  argv: ReadonlyArray<string>
): Effect.Effect<number, never, NodeContext.NodeContext | Commands.Pipes> =>
  inOrder(argv.slice(2)).pipe(
    Effect.flatMap((args) => withoutErrors(ksa([...argv.slice(0, 2), ...args]))),
    Effect.as(0),
    Effect.catchAllCause((cause) => {
      const { code, lines } = Failure.report(cause)
      return Effect.as(Effect.forEach(lines, (line) => Console.error(line), { discard: true }), code)
    }),
    Effect.provide(CliConfig.layer({ showTypes: false })),
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ stderr: true })))
  )

const pipes: Layer.Layer<Commands.Pipes> = Layer.sync(Commands.Pipes, () => {
  // a reader such as head may close the pipe early
  process.stdout.on("error", () => undefined)
  return {
    stdin: NodeStream.fromReadable(
      () => process.stdin,
      (cause) => new Errors.InvalidOptions({ module: "ksa", option: "--data", reason: String(cause) })
    ),
    write: (chunk) =>
      Effect.async<void>((resume) => {
        process.stdout.write(chunk, (error) => resume(error ? Effect.interrupt : Effect.void))
      })
  }
})

/** Runs `ksa` as the main program of a process. */
export const start = (argv: ReadonlyArray<string>): void =>
  NodeRuntime.runMain(
    main(argv).pipe(
      Effect.tap((code) =>
        Effect.sync(() => {
          process.exitCode = code
        })
      ),
      Effect.provide([NodeContext.layer, pipes])
    ),
    { disableErrorReporting: true, disablePrettyLogger: true }
  )
