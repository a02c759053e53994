/** In place of nginx: the cloud's files of two ports from memory, and the requests to the second port counted. */
import { appendFileSync, readdirSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import * as Cloud from "../cloud.js"

const [folder = "", port = "", countedPort = ""] = process.argv.slice(2)

const serve = (port: string, log: (request: string) => void) => {
  const root = `${folder}/${port}`
  const files = new Map(
    readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
      const file = `${entry.parentPath}/${entry.name}`
      return [file.slice(root.length).replace(/index\.json$/, ""), readFileSync(file)]
    })
  )
  createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    log(`${request.method} ${request.url}`)
    const body = files.get(request.url ?? "")
    request.resume().on(
      "end",
      () =>
        response.writeHead(body === undefined ? 404 : request.method === "POST" ? 201 : 200, {
          "content-type": "application/json",
          "content-length": body?.length ?? 0,
          "x-openstack-request-id": "req-9168b536-cd40-4630-b43f-b259807c6e11",
          ...(request.method === "POST" ? { "x-subject-token": Cloud.token } : {})
        }).end(body)
    )
  }).listen(Number(port), "127.0.0.1", 4096)
}

serve(port, () => {})
serve(countedPort, (request) => appendFileSync(`${folder}/requests`, `${request}\n`))
