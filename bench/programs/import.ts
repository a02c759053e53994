/** The CPU that importing a module costs, with all that it imports. */
const [module = ""] = process.argv.slice(2)
const before = process.cpuUsage()
await import(module)
const { system, user } = process.cpuUsage(before)
console.log((system + user) / 1000)
