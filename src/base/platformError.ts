/** Errors of files and key-value stores. Effect 4 has other ones: this is the only module to change. */
export * from "@effect/platform/Error"
