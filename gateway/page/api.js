/* What the page asks the gateway. Every failure is an Error with the gateway's own words. */
export class NeedsLogin extends Error {}

async function answerOf(response) {
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) throw new NeedsLogin(body.error || "401");
  if (!response.ok) throw new Error(body.error || `HTTP ${response.status}`);
  return body;
}

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answerOf(await fetch(`/api/v1/${path}${query ? `?${query}` : ""}`, { cache: "no-cache" }));
}

export async function post(path, body) {
  return answerOf(await fetch(`/api/v1/${path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}
