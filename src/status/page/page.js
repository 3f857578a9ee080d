/** Asks for /status again and again and shows it. Texts are never markup. */
import { showTarget } from "./card.js";
import { duration, setText, time } from "./text.js";

const POLL_MS = 2_000;
const PATIENCE_MS = 5_000;

const byId = (id) => document.getElementById(id);

/** What each card shows; cards live on, so that focus and folding do. */
const cards = new Map();
/** Phase of each target at the last poll, to tell changes. */
const phases = new Map();
let lastContact = 0;
let timer = 0;
let isAsking = false;

async function poll() {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  const answer = await ask();
  isAsking = false;
  if (answer === "refused") return askForToken();
  timer = setTimeout(poll, POLL_MS);
  if (answer === "lost") return lostContact();
  byId("login").hidden = true;
  inContact();
  show(answer);
}

/** The status; "refused" without the token, "lost" without an answer. */
async function ask() {
  try {
    const response = await fetch("/status", {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.status === 401) return "refused";
    return response.ok ? await response.json() : "lost";
  } catch {
    return "lost";
  }
}

function inContact() {
  lastContact = Date.now();
  byId("contact").dataset.contact = "yes";
  setText(byId("contact-text"), "live");
  byId("lost").hidden = true;
  byId("targets").classList.remove("is-old");
}

function lostContact() {
  byId("contact").dataset.contact = "lost";
  setText(byId("contact-text"), "no contact");
  byId("targets").classList.add("is-old");
  const since = lastContact === 0
    ? "yet"
    : `since ${time(new Date(lastContact).toISOString())}`;
  const lost = byId("lost");
  setText(
    lost,
    `No contact with opencti-relay ${since}. What is shown may be out of ` +
      "date; trying again.",
  );
  lost.hidden = false;
}

function askForToken() {
  byId("contact").dataset.contact = "none";
  setText(byId("contact-text"), "not logged in");
  byId("targets").replaceChildren();
  cards.clear();
  byId("login").hidden = false;
  byId("token").focus();
}

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = byId("login-error");
  error.textContent = "";
  try {
    const response = await fetch("/login", {
      cache: "no-store",
      headers: { authorization: `Bearer ${byId("token").value}` },
    });
    if (!response.ok) {
      error.textContent = "This is not the token.";
      return byId("token").select();
    }
    byId("token").value = "";
    await poll();
    byId("targets").focus();
  } catch {
    error.textContent = "No contact with opencti-relay.";
  }
});

function show({ version, startedAt, now, targets }) {
  setText(byId("version"), version);
  const up = (Date.parse(now) - Date.parse(startedAt)) / 1000;
  setText(byId("uptime"), `Running for ${duration(Math.max(0, up))}`);
  showSummary(targets);
  const names = new Set(targets.map(({ name }) => name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.remove();
    cards.delete(name);
  }
  for (const target of targets) {
    const card = cards.get(target.name) ?? newCard(target.name);
    showTarget(card, target, Date.parse(now));
  }
}

function showSummary(targets) {
  const bad = targets.filter(({ phase }) => phase !== "running").length;
  const text = targets.length === 0
    ? "No targets"
    : bad === 0
    ? targets.length === 1
      ? "The target is running"
      : `All ${targets.length} targets are running`
    : `${bad} of ${targets.length} targets not running`;
  setText(byId("summary"), text);
  document.title = bad === 0 ? "opencti-relay" : `(${bad}) opencti-relay`;
  const news = targets
    .filter(({ name, phase }) => (phases.get(name) ?? phase) !== phase)
    .map(({ name, phase, reason }) =>
      `${name} is ${phase}${reason === undefined ? "" : `: ${reason}`}`
    );
  if (news.length > 0) setText(byId("news"), news.join(". "));
  for (const { name, phase } of targets) phases.set(name, phase);
}

function newCard(name) {
  const fragment = byId("card").content.cloneNode(true);
  const card = fragment.querySelector("article");
  const heading = card.querySelector("h2");
  heading.id = `target-${cards.size}-${Date.now()}`;
  card.setAttribute("aria-labelledby", heading.id);
  byId("targets").append(fragment);
  cards.set(name, card);
  return card;
}

/** localStorage may be closed to us; the choice then lasts for this page. */
function chosenTheme(choice) {
  try {
    if (choice !== undefined) localStorage.setItem("theme", choice);
    return localStorage.getItem("theme") ?? "system";
  } catch {
    return choice ?? "system";
  }
}

function applyTheme(choice) {
  document.documentElement.dataset.theme = choice;
  byId("theme").value = choice;
}

byId("theme").addEventListener("change", ({ target }) => {
  applyTheme(chosenTheme(target.value));
});
applyTheme(chosenTheme());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && byId("login").hidden) poll();
});
poll();
