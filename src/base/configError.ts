/** Errors of `Config`. Effect 4 has other ones: this is the only module to change. */
export * from "effect/ConfigError"
