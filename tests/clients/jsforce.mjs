// One step with jsforce against the sandbox: {step, url, token, ...} in, JSON out.
import { Connection } from "jsforce";

const { step, url, token, version = "64.0", ...given } = JSON.parse(process.argv[2]);
const login = { loginUrl: url, version, ...(given.client ? { oauth2: { loginUrl: url, ...given.client } } : {}) };
const org = new Connection({ instanceUrl: url, accessToken: token, ...login });
org.bulk2.pollInterval = 200;
org.bulk2.pollTimeout = 60_000;

const drained = async (stream) => {
  const records = [];
  for await (const record of stream) records.push(record);
  return records;
};

const steps = {
  // Who is connected after a login by each flow: SOAP, OAuth with a password, client credentials, a signed assertion.
  async soap() {
    const fresh = new Connection(login);
    await fresh.login(given.username, given.password);
    return { identity: await fresh.identity(), instance: fresh.instanceUrl };
  },
  async oauth() {
    const fresh = new Connection(login);
    await fresh.authorize(given.grant);
    return { identity: await fresh.identity(), instance: fresh.instanceUrl };
  },
  async refresh() {
    const fresh = new Connection({ ...login, instanceUrl: url, accessToken: "expired", refreshToken: given.refresh });
    const found = await fresh.query("SELECT Id FROM Account LIMIT 1");
    return { total: found.totalSize, renewed: fresh.accessToken !== "expired" };
  },
  async query() {
    const found = await org.query(given.soql, { autoFetch: true, maxFetch: 100_000 });
    return { total: found.totalSize, records: found.records };
  },
  async queryAll() {
    return (await org.query(given.soql, { scanAll: true, autoFetch: true, maxFetch: 100_000 })).records;
  },
  async describe() {
    const fields = (await org.describe(given.object)).fields;
    const all = (await org.describeGlobal()).sobjects.map((object) => object.name);
    return { fields, all };
  },
  async collections() {
    const updated = await org.sobject(given.object).update(given.records, { allowRecursive: true });
    const read = await org.sobject(given.object).retrieve(given.records.map((record) => record.Id));
    return { updated, read };
  },
  async bulkQuery() {
    return drained(await org.bulk2.query(given.soql, { scanAll: Boolean(given.everything) }));
  },
  async bulkUpdate() {
    return org.bulk2.loadAndWaitForResults({
      object: given.object,
      operation: given.operation ?? "update",
      input: given.records,
      ...(given.key ? { externalIdFieldName: given.key } : {}),
    });
  },
  async composite() {
    return org.requestPost(`/services/data/v${version}/composite`, given.body);
  },
  async replication() {
    const sobject = org.sobject(given.object);
    const [start, end] = [new Date(given.start), new Date(given.end)];
    return { updated: await sobject.updated(start, end), deleted: await sobject.deleted(start, end) };
  },
  async error() {
    return org.query(given.soql).then(
      () => null,
      (error) => ({ code: error.errorCode, message: error.message }),
    );
  },
};

console.log(JSON.stringify(await steps[step]()));
