// One step with HubSpot's own client against the sandbox: {step, url, token, ...} in, JSON out.
import { Client } from "@hubspot/api-client";

const { step, url, token, ...given } = JSON.parse(process.argv[2]);
const hubspot = new Client({ basePath: url, accessToken: token, numberOfApiCallRetries: 0 });
const { companies, deals, exports, imports, associations, properties, pipelines, owners } = hubspot.crm;

async function pause() {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

async function settled(ask, isEnd) {
  const deadline = Date.now() + 60_000;
  while (true) {
    const answer = await ask();
    if (isEnd(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)}`);
    await pause();
  }
}

const steps = {
  async everyCompany() {
    return companies.getAll(100, undefined, given.properties);
  },
  async dealsWithCompanies() {
    return deals.basicApi.getPage(100, undefined, ["dealname"], undefined, ["companies"]);
  },
  async batchRead() {
    return companies.batchApi.read({
      inputs: given.ids.map((id) => ({ id })),
      properties: given.properties,
      propertiesWithHistory: given.history ?? [],
    });
  },
  async batchUpdate() {
    const inputs = given.ids.map((id) => ({ id, properties: given.values[id], objectWriteTraceId: id }));
    return companies.batchApi.update({ inputs });
  },
  async search() {
    const found = [];
    let after;
    do {
      const page = await companies.searchApi.doSearch({
        filterGroups: [{ filters: given.filters }],
        properties: given.properties,
        sorts: [given.sort],
        limit: given.limit,
        after,
      });
      found.push(...page.results);
      after = page.paging?.next?.after;
    } while (after);
    return found;
  },
  async merge() {
    return companies.basicApi.merge({ primaryObjectId: given.primary, objectIdToMerge: given.other });
  },
  async export() {
    // The client's own start() cannot serialise any request (14.0.1): this is its way around.
    const path = "/crm/v3/exports/export/async";
    const started = await hubspot.apiRequest({ method: "POST", path, body: given.request });
    const task = await started.json();
    const ask = () => exports.publicExportsApi.getStatus(Number(task.id));
    const done = await settled(ask, (answer) => answer.status === "COMPLETE");
    const file = await fetch(done.result);
    return { status: done.status, type: file.headers.get("content-type"), text: await file.text() };
  },
  async import() {
    const file = { data: Buffer.from(given.text), name: given.file };
    const started = await imports.coreApi.create(file, JSON.stringify(given.request));
    const ask = () => imports.coreApi.getById(Number(started.id));
    const done = await settled(ask, (answer) => ["DONE", "FAILED"].includes(answer.state));
    const page = await imports.publicImportsApi.getErrors(Number(started.id), undefined, 100, true, true);
    const listed = await imports.coreApi.getPage();
    return { done, errors: page.results, listed: listed.results.map((each) => each.id) };
  },
  async associations() {
    return associations.v4.batchApi.getPage("deals", "companies", { inputs: given.ids.map((id) => ({ id })) });
  },
  async settings() {
    const [definitions, lines, people] = [
      await properties.coreApi.getAll("companies"),
      await pipelines.pipelinesApi.getAll("deals"),
      await owners.ownersApi.getPage(),
    ];
    return { definitions: definitions.results, pipelines: lines.results, owners: people.results };
  },
  async refused() {
    try {
      await companies.basicApi.getById(given.id);
    } catch (error) {
      return { code: error.code, category: error.body?.category, text: String(error.message).slice(0, 400) };
    }
    return {};
  },
};

console.log(JSON.stringify(await steps[step]()));
