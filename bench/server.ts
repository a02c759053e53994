/** nginx with the files of the cloud. */
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import * as Cloud from "./cloud.js"

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const configuration = (port: number, folder: string) => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  open_file_cache max=100;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/files;
    location ~ /v3/auth/tokens$ {
      add_header X-Subject-Token gAAAAABtoken always;
      error_page 405 =201 $uri;
    }
    location / {
      index index.json;
      add_header X-OpenStack-Request-ID req-9168b536-cd40-4630-b43f-b259807c6e11;
    }
  }
}`

export interface Server {
  readonly origin: string
  readonly stop: () => void
}

const listening = async (origin: string, child: ChildProcess): Promise<void> => {
  for (let tries = 0; child.exitCode === null && tries < 100; tries++) {
    const answered = await fetch(`${origin}/compute/v2.1/`).then((response) => response.ok, () => false)
    if (answered) {
      return
    }
    await setTimeout(50)
  }
  child.kill()
  throw new Error("nginx does not answer")
}

export const start = async (catalogs: ReadonlyArray<number>): Promise<Server> => {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), "bench-"))
  // nginx that root starts reads files as another user
  chmodSync(folder, 0o755)
  const file = (path: string, content: unknown) => {
    mkdirSync(join(folder, "files", path, ".."), { recursive: true })
    writeFileSync(join(folder, "files", path), JSON.stringify(content))
  }
  for (const services of catalogs) {
    file(`${services}/v3/auth/tokens`, Cloud.token(origin, services, Date.now()))
  }
  file("compute/v2.1/index.json", Cloud.versions(origin))
  file("compute/v2.1/servers", Cloud.servers)
  writeFileSync(join(folder, "nginx.conf"), configuration(port, folder))
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "inherit", "pipe"]
  })
  await listening(origin, child)
  return { origin, stop: () => child.kill() }
}
