import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { Pool } from "pg";

const pool = new Pool({ password: readFileSync(process.env["PGPASSWORD_FILE"] ?? "", "utf8") });
makeTable().then(serve);

async function makeTable(): Promise<void> {
  await pool.query("CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, item text NOT NULL, state text NOT NULL DEFAULT 'new')");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
  if (request.url !== "/orders") return [404, { message: "there are only orders here" }];
  if (request.method === "GET") return [200, (await pool.query("SELECT id, item, state FROM orders ORDER BY id")).rows];
  const { item } = JSON.parse(await bodyOf(request)) as { item?: string };
  if (!item) return [400, { message: "what is ordered?" }];
  const { rows } = await pool.query("INSERT INTO orders (item) VALUES ($1) RETURNING id, item, state", [item]);
  await pool.query("NOTIFY orders");
  return [201, rows[0]];
}

function serve(): void {
  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown): [number, unknown] => [500, { message: String(error) }])
      .then(([status, body]) => response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(body)}\n`));
  });
  server.listen(8000, () => console.log("listening on port 8000"));
  process.on("SIGTERM", () => server.close(() => pool.end().then(() => process.exit(0))));
}
