/** Errors of configuration, as `Config` fails with them. Effect 4 has other ones: this is the one place to change. */
export * from "effect/ConfigError"
