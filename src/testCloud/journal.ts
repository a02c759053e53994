/** The requests that reached the cloud, without secrets. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { standingSecrets } from "./accounts.js"
import type { Incoming } from "./http.js"
import { tokenPattern } from "./ids.js"
import type { JournalEntry } from "./model.js"
import type { Tokens } from "./tokens.js"

const secretHeaders = [
  "x-auth-token",
  "x-subject-token",
  "x-service-token",
  "openstack-auth-receipt",
  "authorization",
  "cookie"
]

export interface Journal {
  /** Adds an entry. The function that it returns adds the status of the answer. */
  readonly add: (
    incoming: Incoming,
    service: string,
    microversion: string | undefined,
    methods: ReadonlyArray<string> | undefined
  ) => Effect.Effect<(status: number) => Effect.Effect<void>>
  readonly entries: Effect.Effect<ReadonlyArray<JournalEntry>>
  readonly clear: Effect.Effect<void>
}

export const make = ({ find, label }: Pick<Tokens, "find" | "label">): Effect.Effect<Journal> =>
  Effect.sync(() => {
    let entries: Array<JournalEntry & { status: number }> = []

    const clean = (text: string): string =>
      standingSecrets.reduce((text, secret) => text.replaceAll(secret, "secret"), text.replace(tokenPattern, label))

    const cleanHeader = (name: string, value: string) => secretHeaders.includes(name) ? label(value) : clean(value)

    const cleanHeaders = (headers: Incoming["headers"]): Record<string, string> =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, cleanHeader(name, value)]))

    return {
      add: ({ headers, method, url }, service, microversion, methods) =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          const presented = headers["x-auth-token"]
          const token = presented === undefined ? undefined : find(presented)
          const entry = {
            at,
            method,
            url: clean(url.href),
            path: clean(url.pathname),
            service,
            headers: cleanHeaders(headers),
            token: presented === undefined ? undefined : label(presented),
            user: token?.user.username,
            project: token?.scope._tag === "Project" ? token.scope.name : undefined,
            microversion,
            ...(methods === undefined ? {} : { methods }),
            status: 0
          }
          entries.push(entry)
          return (status) =>
            Effect.sync(() => {
              entry.status = status
            })
        }),
      entries: Effect.sync(() => entries.map((entry) => ({ ...entry }))),
      clear: Effect.sync(() => {
        entries = []
      })
    }
  })
