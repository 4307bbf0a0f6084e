import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { z } from "zod";

import { answerAsks } from "./ask.ts";

// The program "inside the pod": the command of Azure's documentation.

const execute = promisify(execFile);
const tokenSchema = z.object({ access_token: z.string() });

await answerAsks(({ clientID, objectID, resourceID, resource }) => async () => {
  const ids = Object.entries({ client_id: clientID, object_id: objectID, msi_res_id: resourceID });
  const { stdout } = await execute("curl", [
    "--silent",
    "--show-error",
    "--write-out",
    "\n%{http_code}",
    "--header",
    "Metadata: true",
    "--get",
    "http://169.254.169.254/metadata/identity/oauth2/token",
    "--data",
    "api-version=2018-02-01",
    "--data-urlencode",
    `resource=${resource}`,
    ...ids.flatMap(([name, id]) => (id === undefined ? [] : ["--data-urlencode", `${name}=${id}`])),
  ]);
  const [body = "", status = ""] = stdout.split("\n");
  if (status !== "200") throw Object.assign(new Error(body), { name: status });
  return tokenSchema.parse(JSON.parse(body)).access_token;
});
