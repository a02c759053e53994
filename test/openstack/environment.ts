/**
 * The suite brings its own cloud: what the shell says about another one (`OS_*` of an openrc file, `KSA_*`) is
 * forgotten, here and in what the tests start. Imported by globalSetup, and before each file of tests.
 */
for (const name of Object.keys(process.env)) {
  if (/^(OS|KSA)_/i.test(name)) {
    delete process.env[name]
  }
}
