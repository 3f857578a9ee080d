import { type Mask, maskOf } from "../observability/mask.ts";
import type { CommandIo } from "./command.ts";

/**
 * Results are read by programs: a short secret, which is likely an ordinary
 * word, must not tear holes into them.
 */
const MIN_CHARS_IN_RESULTS = 8;

/**
 * The same world, in which nothing that was handed to `protect()` is printed:
 * not in results, not in errors, not on the screen.
 */
export function maskingIo(io: CommandIo): CommandIo {
  const secrets = new Set<string>();
  let inResults: Mask = (text) => text;
  let elsewhere: Mask = inResults;
  const { screen } = io;
  return {
    ...io,
    print: (text) => io.print(inResults(text)),
    printError: (text) => io.printError(elsewhere(text)),
    screen: screen === undefined ? undefined : {
      write: (text) => screen.write(elsewhere(text)),
      columns: () => screen.columns(),
    },
    protect(more) {
      for (const secret of more) secrets.add(secret);
      const all = [...secrets];
      elsewhere = maskOf(all);
      inResults = maskOf(
        all.filter(({ length }) => length >= MIN_CHARS_IN_RESULTS),
      );
    },
  };
}
