// Shows what is deployed, and lets a person ask it. Everything comes from the endpoint's public API.

const REFRESH_MS = 2000;
const COLOURS = ["#1967d2", "#e37400", "#188038", "#9334e6", "#c5221f"];
const cards = new Map();

const text = (node, value) => { node.textContent = value; return node; };
const element = (tag, value, className = "") => {
  const made = text(document.createElement(tag), value);
  made.className = className;
  return made;
};

class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function call(path, body) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body,
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, content.error?.message ?? content.error ?? answer.statusText);
  return content;
}

class Card {
  constructor(resource) {
    this.resource = resource;
    this.root = document.getElementById("endpoint").content.cloneNode(true).firstElementChild;
    this.form = this.root.querySelector("form");
    this.form.version.onchange = () => this.showVersion();
    this.form.signature.onchange = () => this.showSignature();
    this.form.instances.oninput = () => this.showSnippets();
    this.form.onsubmit = (event) => { event.preventDefault(); this.predict(); };
    for (const button of this.root.querySelectorAll("[data-copy]")) {
      button.onclick = () => navigator.clipboard.writeText(this.root.querySelector(`.${button.dataset.copy}`).textContent);
    }
    document.getElementById("endpoints").append(this.root);
  }

  async update(endpoint) {
    const { deployedModels: counters } = await call(`/v1/${this.resource}:counters`);
    const split = endpoint.trafficSplit ?? {};
    const rows = (endpoint.deployedModels ?? []).map((deployed) => ({
      ...deployed, ...counters[deployed.id], share: split[deployed.id] ?? 0,
    }));
    rows.sort((left, right) => right.share - left.share);
    text(this.root.querySelector("h2"), endpoint.displayName);
    text(this.root.querySelector(".resource"), this.resource);
    this.showTraffic(rows);
    this.root.querySelector("tbody").replaceChildren(...rows.map(row));
    await this.offerVersions(rows);
  }

  showTraffic(rows) {
    const bar = this.root.querySelector(".traffic");
    bar.setAttribute("aria-label", rows.map((each) => `${each.displayName}: ${each.share} %`).join(", "));
    bar.replaceChildren(...rows.filter((each) => each.share).map((each, place) => {
      const part = element("span", `${each.displayName} ${each.share} %`);
      part.style.cssText = `width:${each.share}%;background:${COLOURS[place % COLOURS.length]}`;
      return part;
    }));
  }

  async offerVersions(rows) {
    const offered = rows.map((each) => each.id).join();
    if (offered === this.offered) return;
    this.offered = offered;
    this.form.version.replaceChildren(new Option("by traffic", ""), ...rows.map((each) => new Option(each.displayName, each.id)));
    if (rows.length) await this.showVersion();
  }

  async showVersion() {
    const query = this.form.version.value ? `?deployedModelId=${this.form.version.value}` : "";
    this.examples = (await call(`/v1/${this.resource}:examples${query}`)).signatures;
    this.form.signature.replaceChildren(...Object.keys(this.examples).map((name) => new Option(name, name)));
    this.showSignature();
  }

  showSignature() {
    const { inputs, outputs, instances } = this.examples[this.form.signature.value] ?? {};
    text(this.root.querySelector(".shapes"), JSON.stringify({ inputs, outputs }, null, 1));
    this.form.instances.value = JSON.stringify(instances, null, 1);
    this.showSnippets();
  }

  get path() {
    const { value } = this.form.version;
    return `/v1/${this.resource}:predict${value ? `?deployedModelId=${value}` : ""}`;
  }

  get body() {
    return `{"instances": ${this.form.instances.value}, "parameters": {"signature_name": ${JSON.stringify(this.form.signature.value)}}}`;
  }

  showSnippets() {
    const address = location.origin + this.path;
    const token = sessionStorage.getItem("token") ? " \\\n  -H 'Authorization: Bearer '\"$TOKEN\"" : "";
    const quoted = this.body.replaceAll("'", "'\\''");
    text(this.root.querySelector(".curl"), `curl '${address}' -H 'Content-Type: application/json'${token} \\\n  -d '${quoted}'`);
    text(this.root.querySelector(".python"), [
      "import json",
      "from google.auth.credentials import AnonymousCredentials",
      "from google.cloud import aiplatform",
      "",
      `aiplatform.init(project=${JSON.stringify(this.resource.split("/")[1])}, location=${JSON.stringify(this.resource.split("/")[3])},`,
      `                api_endpoint=${JSON.stringify(location.origin)}, api_transport="rest",`,
      "                credentials=AnonymousCredentials())",
      `endpoint = aiplatform.Endpoint(${JSON.stringify(this.resource)})`,
      `instances = json.loads(${JSON.stringify(this.form.instances.value)})`,
      `print(endpoint.predict(instances, parameters={"signature_name": ${JSON.stringify(this.form.signature.value)}}))`,
    ].join("\n"));
  }

  async predict() {
    const output = this.form.querySelector("output");
    text(output, "…");
    try {
      const answer = await call(this.path, this.body);
      output.className = "";
      text(output, JSON.stringify(answer, null, 1));
    } catch (error) {
      output.className = "fault";
      text(output, error.message);
    }
  }
}

function row(each) {
  const latency = each.latency_ms ?? {};
  const made = document.createElement("tr");
  const milliseconds = (value) => (value == null ? "–" : `${value.toFixed(1)} ms`);
  made.append(
    element("td", each.displayName), element("td", `${each.share} %`),
    element("td", each.state ?? "", each.reason ? "fault" : ""),
    element("td", each.requests ?? 0), element("td", each.errors ?? 0, each.errors ? "fault" : ""),
    element("td", milliseconds(latency.p50)), element("td", milliseconds(latency.p95)),
  );
  made.title = each.reason ?? "";
  return made;
}

async function refresh() {
  // 503 while something is loading; the answer is the same.
  const { deployedModels } = await (await fetch("/ready")).json();
  const names = [...new Set(deployedModels.map((each) => each.endpoint))].sort();
  const notice = names.length ? "" : "Nothing is deployed yet. tfx-airflow run MODEL trains a version, and its push DAG brings it here.";
  text(document.getElementById("notice"), notice);
  for (const [name, card] of cards) if (!names.includes(name)) { card.root.remove(); cards.delete(name); }
  for (const name of names) {
    if (!cards.has(name)) cards.set(name, new Card(name));
    await cards.get(name).update(await call(`/v1/${name}`));
  }
}

async function keepUp() {
  const signIn = document.getElementById("sign-in");
  try {
    await refresh();
    signIn.hidden = true;
  } catch (error) {
    signIn.hidden = error.status !== 401;
    text(document.getElementById("notice"), error instanceof Refused ? error.message : "The endpoint does not answer; trying again …");
  }
  setTimeout(keepUp, REFRESH_MS);
}

document.getElementById("sign-in").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", event.target.token.value);
  refresh();
};
keepUp();
