import { createServer } from "node:http";
import { hostname } from "node:os";

let visits = 0;

const server = createServer((request, response) => {
  if (request.url !== "/") {
    response.writeHead(404).end();
    return;
  }
  visits += 1;
  response.writeHead(200, { "Content-Type": "application/json" }).end(`${JSON.stringify({ visits, host: hostname() })}\n`);
});

server.listen(8000, () => console.log("listening on port 8000"));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
