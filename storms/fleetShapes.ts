/** What the fleet and its workers tell each other, as JSON. */
import { Schema } from "effect"

export const Assignment = Schema.Struct({
  authUrl: Schema.String,
  username: Schema.String,
  userDomainName: Schema.String,
  password: Schema.String,
  projectName: Schema.String,
  projectDomainName: Schema.String,
  redisUrl: Schema.String,
  storeKey: Schema.String,
  requests: Schema.Number
})

export type Assignment = typeof Assignment.Type

export const Report = Schema.Struct({
  succeeded: Schema.Number,
  failed: Schema.Number,
  failures: Schema.Array(Schema.String)
})
