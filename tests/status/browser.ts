/** A real browser, driven through the DevTools protocol. */

/** Names under which Chromium is found on a machine. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of the browser; undefined where there is none. */
export const BROWSER = findBrowser();

function findBrowser(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return NAMES.flatMap((name) => folders.map((folder) => `${folder}/${name}`))
    .find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
}

type Json = Readonly<Record<string, unknown>>;

/** One page in it. */
export interface Page {
  /** Requests by URL, in order. */
  readonly requests: readonly string[];
  /** What a console would show in red, and exceptions. */
  readonly errors: readonly string[];
  /** The value of an expression; promises are awaited. */
  // deno-lint-ignore no-explicit-any
  run(expression: string): Promise<any>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  open(url: string): Promise<void>;
  press(key: string): Promise<void>;
  type(text: string): Promise<void>;
  send(method: string, params?: Json): Promise<Json>;
  /** A PNG of the whole page. */
  screenshot(path: string): Promise<void>;
}

/** Starts the browser, with one page. */
export async function startBrowser(
  { width = 1280, height = 900 }: { width?: number; height?: number } = {},
): Promise<Page & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "opencti-relay-browser-" });
  const process = new Deno.Command(BROWSER ?? "chromium", {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--remote-debugging-port=0",
      `--user-data-dir=${folder}`,
      `--window-size=${width},${height}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const url = await addressIn(log);
  const drained = drain(log);
  const socket = new Socket(url);
  await socket.opened;
  const page = await attach(socket);
  return {
    ...page,
    async [Symbol.asyncDispose]() {
      await socket.close();
      process.kill("SIGKILL");
      await process.status;
      await drained;
      await removed(folder);
    },
  };
}

/** Its children may still be writing. */
async function removed(folder: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

type Log = ReadableStreamDefaultReader<string>;

async function addressIn(log: Log): Promise<string> {
  let text = "";
  while (true) {
    const { done, value } = await log.read();
    if (done) throw new Error(`the browser ended: ${text}`);
    text += value;
    const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
}

async function drain(log: Log): Promise<void> {
  while (!(await log.read()).done);
}

/** The protocol: numbered calls and events as JSON. */
class Socket {
  readonly opened: Promise<unknown>;
  readonly #socket: WebSocket;
  readonly #closed: Promise<unknown>;
  readonly #calls = new Map<number, PromiseWithResolvers<Json>>();
  readonly #listeners: ((method: string, params: Json) => void)[] = [];
  #next = 1;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.opened = new Promise((resolve) => this.#socket.onopen = resolve);
    this.#closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  // deno-lint-ignore no-explicit-any
  #receive(message: any): void {
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (call === undefined) {
      this.#listeners.forEach((tell) => tell(message.method, message.params));
    } else if (message.error !== undefined) {
      call.reject(new Error(JSON.stringify(message.error)));
    } else call.resolve(message.result);
  }

  listen(tell: (method: string, params: Json) => void): void {
    this.#listeners.push(tell);
  }

  call(method: string, params: Json, sessionId?: string): Promise<Json> {
    const id = this.#next++;
    const call = Promise.withResolvers<Json>();
    this.#calls.set(id, call);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return call.promise;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#closed;
  }
}

async function attach(socket: Socket): Promise<Page> {
  const { targetId } = await socket.call("Target.createTarget", {
    url: "about:blank",
  });
  const { sessionId } = await socket.call("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const send = (method: string, params: Json = {}) =>
    socket.call(method, params, String(sessionId));
  const requests: string[] = [];
  const errors: string[] = [];
  socket.listen((method, params) => watch(method, params, requests, errors));
  for (const domain of ["Page", "Runtime", "Log", "Network"]) {
    await send(`${domain}.enable`);
  }
  const run = async (expression: string) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    }
    return (result as Json).value;
  };
  return {
    requests,
    errors,
    run,
    send,
    async until(expression) {
      const deadline = performance.now() + 20_000;
      while (await run(expression) !== true) {
        if (performance.now() > deadline) {
          throw new Error(`still not so: ${expression}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async open(url) {
      await send("Page.navigate", { url });
    },
    async press(key) {
      const text = key === "Enter" ? { text: "\r" } : {};
      const code = { Tab: 9, Enter: 13 }[key] ?? 0;
      const event = { key, code: key, windowsVirtualKeyCode: code };
      await send("Input.dispatchKeyEvent", {
        type: "keyDown",
        ...event,
        ...text,
      });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    async type(text) {
      await send("Input.insertText", { text });
    },
    async screenshot(path) {
      const { data } = await send("Page.captureScreenshot", {
        captureBeyondViewport: true,
      });
      const bytes = Uint8Array.from(
        atob(String(data)),
        (char) => char.charCodeAt(0),
      );
      await Deno.writeFile(path, bytes);
    },
  };
}

function watch(
  method: string,
  // deno-lint-ignore no-explicit-any
  params: any,
  requests: string[],
  errors: string[],
): void {
  if (method === "Network.requestWillBeSent") requests.push(params.request.url);
  if (method === "Runtime.exceptionThrown") {
    errors.push(JSON.stringify(params.exceptionDetails));
  }
  if (method === "Log.entryAdded" && params.entry.level === "error") {
    errors.push(params.entry.text);
  }
  if (method === "Runtime.consoleAPICalled" && params.type === "error") {
    errors.push(JSON.stringify(params.args));
  }
}
