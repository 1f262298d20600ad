/* The live values, once a second. Everything on the page that shows them listens here, and is told as well
 * when they stand still: an old number is never shown as live. */
const STALE_MS = 5000;

let source = null, last = null, arrivedAt = 0, lostAt = null;
const listeners = new Set();

export const state = {
  get live() { return last; },
  /* Since when nothing new has come, by this computer's clock. */
  get silentMs() { return last ? performance.now() - arrivedAt : Infinity; },
  get isLive() { return last !== null && this.silentMs < STALE_MS; },
  get lostAt() { return lostAt; },
};

function tell() {
  for (const listener of listeners) listener(state);
}

export function listen(listener) {
  listeners.add(listener);
  listener(state);
  return () => listeners.delete(listener);
}

export function start(onRefused) {
  stop();
  source = new EventSource("/api/v1/stream");
  source.addEventListener("live", (event) => {
    last = JSON.parse(event.data);
    arrivedAt = performance.now();
    lostAt = null;
    tell();
  });
  source.onerror = () => {
    lostAt ??= Date.now();
    tell();
    if (source && source.readyState === EventSource.CLOSED) { /* an answer that is no stream: 401, 503 */
      source = null;
      setTimeout(onRefused, 2000);
    }
  };
}

export function stop() {
  source?.close();
  source = null;
}

setInterval(tell, 1000);
