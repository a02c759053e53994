/** Credentials that have a project of their own. */
import * as Effect from "effect/Effect"
import * as AuthScope from "../model/AuthScope.js"

/** Configuration often has a project beside them. Keystone refuses that: it is left out, with a warning. */
export const only =
  <Options, A, E, R>(what: string, make: (options: Options) => Effect.Effect<A, E, R>) =>
  (values: Options & AuthScope.AuthScope): Effect.Effect<A, E, R> => {
    const scope = AuthScope.describe(values)
    const warning = scope === undefined
      ? Effect.void
      : Effect.logWarning(`the scope (${scope}) is not sent: ${what} has a project of its own`)
    return Effect.zipRight(warning, make(values))
  }
