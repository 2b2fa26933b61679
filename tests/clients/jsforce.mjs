// One step with jsforce against the sandbox: {step, url, token, ...} in, JSON out.
import { Connection } from "jsforce";

const { step, url, token, version = "60.0", ...given } = JSON.parse(process.argv[2]);
const org = new Connection({ instanceUrl: url, loginUrl: url, accessToken: token, version });

const steps = {
  async query() {
    const found = await org.query(given.soql, { autoFetch: true, maxFetch: given.most ?? 100_000 });
    return { total: found.totalSize, records: found.records };
  },
};

console.log(JSON.stringify(await steps[step]()));
