/** Files, and git repositories as git itself serves them: `bun source-server.ts FOLDER`. Prints its address. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const [folder = ""] = process.argv.slice(2);
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const { pathname, search } = new URL(request.url);
    if (/\.git\//.test(pathname)) return await gitAnswer(request, pathname, search.slice(1));
    const path = join(folder, pathname);
    return existsSync(path) && statSync(path).isFile() ? new Response(Bun.file(path), { headers: { ETag: `"${statSync(path).mtimeMs}"` } }) : new Response("no such file", { status: 404 });
  },
});
console.log(`http://127.0.0.1:${server.port}`);

/** By `git http-backend`, which is a CGI program. */
async function gitAnswer(request: Request, path: string, query: string): Promise<Response> {
  const env = { ...process.env, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: "1", PATH_INFO: path, QUERY_STRING: query, REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers.get("content-type") ?? "", HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "", HTTP_GIT_PROTOCOL: request.headers.get("git-protocol") ?? "" };
  const child = Bun.spawn(["git", "-c", "safe.directory=*", "http-backend"], { env, stdin: new Blob([await request.arrayBuffer()]), stdout: "pipe", stderr: "ignore" });
  const bytes = Buffer.from(await new Response(child.stdout).arrayBuffer());
  const end = bytes.indexOf("\r\n\r\n");
  const headers = new Headers(bytes.subarray(0, end).toString("latin1").split("\r\n").map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
  return new Response(bytes.subarray(end + 4), { status: Number(headers.get("status")?.slice(0, 3) ?? 200), headers });
}
