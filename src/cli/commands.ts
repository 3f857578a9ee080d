import type { Command, OptionSpec } from "./command.ts";

const TARGET: Readonly<Record<string, OptionSpec>> = {
  target: {
    type: "string",
    value: "T",
    help: "this target alone (default: all)",
  },
};

/**
 * Every command. Their code is loaded when they run, so that the short ones
 * start fast.
 */
export const COMMANDS: readonly Command[] = [
  {
    name: "run",
    usage: "[--once] [--dry-run]",
    summary: "follow the live streams until stopped",
    options: {
      once: {
        type: "boolean",
        help: "stop when all that the streams held at the start is settled",
      },
      "dry-run": {
        type: "boolean",
        help: "write nothing anywhere; print each action as a JSON line",
      },
    },
    run: async (args, io) => (await import("./run.ts")).run(args, io),
  },
  {
    name: "check",
    usage: "",
    summary: "test configuration, platform, stream and targets",
    options: {},
    run: async (args, io) => (await import("./check.ts")).check(args, io),
  },
  {
    name: "demo",
    usage: "[--stream FILE] [--seed N] [--show ID | --serve]",
    summary: "see everything work on this machine, without any server",
    options: {
      serve: {
        type: "boolean",
        help: "go on, with a status page to look at, until Ctrl+C",
      },
      stream: {
        type: "string",
        value: "FILE",
        help: "play a recorded live stream instead of the generated week",
      },
      seed: {
        type: "string",
        value: "N",
        help: "another week (default 1)",
      },
      show: {
        type: "string",
        value: "ID",
        help: "print what arrived of one object, by any of its ids",
      },
    },
    run: async (args, io) => (await import("./demo.ts")).demo(args, io),
  },
  {
    name: "simulate",
    usage: "[--stream FILE] [--seed N] [--port N]",
    summary: "run the simulated servers alone, to connect anything to them",
    options: {
      stream: {
        type: "string",
        value: "FILE",
        help: "play a recorded live stream instead of the generated week",
      },
      seed: { type: "string", value: "N", help: "another week (default 1)" },
      port: {
        type: "string",
        value: "N",
        help: "first of the ports to listen on (default: free ones)",
      },
    },
    run: async (args, io) => (await import("./simulate.ts")).simulate(args, io),
  },
  {
    name: "status",
    usage: "",
    summary: "position, lag, counts, dead letters and last error per target",
    options: {},
    run: async (args, io) => (await import("./status.ts")).status(args, io),
  },
  {
    name: "dead-letters",
    usage: "list | show ID | retry [ID...] | drop [ID...]",
    summary: "what targets refused: see it, try it again, give it up",
    options: {
      ...TARGET,
      all: { type: "boolean", help: "every dead letter" },
      reason: {
        type: "string",
        value: "TEXT",
        help: "those with this text in their reason",
      },
      type: {
        type: "string",
        value: "TYPE",
        help: "those of this STIX type: indicator",
      },
      "older-than": {
        type: "string",
        value: "TIME",
        help: "those kept before a date, or longer than 2d ago",
      },
    },
    takesWords: true,
    run: async (args, io) =>
      (await import("./dead_letters.ts")).deadLetters(args, io),
  },
  {
    name: "replay",
    usage: "--since TIME",
    summary: "read again what came since a date, 2d ago or an event id",
    options: {
      ...TARGET,
      since: {
        type: "string",
        value: "TIME",
        help: "ISO 8601 date, a span such as 2d or 3h, or an event id",
      },
    },
    run: async (args, io) =>
      (await import("./offsets.ts")).replayCommand(args, io),
  },
  {
    name: "offsets",
    usage: "show | set ID|DATE | reset",
    summary: "where the targets stand in their streams, and change it",
    options: TARGET,
    takesWords: true,
    run: async (args, io) => (await import("./offsets.ts")).offsets(args, io),
  },
  {
    name: "resume",
    usage: "",
    summary: "let a target go on that waits or is paused",
    options: TARGET,
    run: async (args, io) =>
      (await import("./resume.ts")).resumeCommand(args, io),
  },
  {
    name: "verify",
    usage: "[--fix] [--target T] [--sample N]",
    summary: "prove that the targets hold what OpenCTI has, or repair them",
    options: {
      fix: { type: "boolean", help: "repair what differs, then look again" },
      yes: {
        type: "boolean",
        help: "with --fix: remove also more than 100 things that make up " +
          "more than 25 % of what is there",
      },
      target: { type: "string", value: "T", help: "this target alone" },
      sample: {
        type: "string",
        value: "N",
        help: "look at N objects chosen at random, not at all of them",
      },
    },
    run: async (args, io) => (await import("./verify.ts")).verify(args, io),
  },
  {
    name: "explain",
    usage: "ID [--target T]",
    summary: "tell what became of one object, and where it is now",
    options: {
      target: { type: "string", value: "T", help: "at this target alone" },
    },
    takesWords: true,
    run: async (args, io) => (await import("./explain.ts")).explain(args, io),
  },
  {
    name: "convert",
    usage: "FILE [--target TYPE]",
    summary: "show what a STIX file becomes at each target, offline",
    options: {
      target: { type: "string", value: "TYPE", help: "for this target alone" },
    },
    takesWords: true,
    run: async (args, io) => (await import("./convert.ts")).convert(args, io),
  },
  {
    name: "config",
    usage: "schema | example | show",
    summary: "JSON Schema, example file, or the effective configuration",
    options: {},
    takesWords: true,
    run: async (args, io) =>
      (await import("./config.ts")).configCommand(args, io),
  },
  {
    name: "service",
    usage: "",
    summary: "print a hardened systemd unit",
    options: {},
    run: async (args, io) =>
      (await import("./service.ts")).serviceCommand(args, io),
  },
  {
    name: "version",
    usage: "",
    summary: "version, commit, Deno and the targets",
    options: {},
    run: async (args, io) =>
      (await import("./version.ts")).versionCommand(args, io),
  },
];
