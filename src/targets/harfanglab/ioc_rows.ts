/** What is remembered of IOC rules, and what is wanted of them. */
import type { Ledger, LedgerPage } from "../_ioc/ledger.ts";
import { iocOfKey } from "./ioc_values.ts";
import type { IndicatorProps, WantedIoc } from "./mapping.ts";

/** What is remembered of an IOC rule beside who asks for it. */
export interface IocMemory {
  /** Id of the source list that it is in. */
  readonly list: string;
  readonly enabled: boolean;
  /** The platform does not take this value. */
  readonly refused?: true | undefined;
  /** Set before a write, so that a crash during it is known afterwards. */
  readonly doubt?: true | undefined;
}

/** Who asks for which IOC rule. */
export type IocLedger = Ledger<IndicatorProps, IocMemory>;
/** The part of it that one batch concerns. */
export type IocPage = LedgerPage<IndicatorProps, IocMemory>;

/** What became of a rule. */
export type KeptRule =
  | { readonly status: "done" }
  | {
    readonly status: "rejected";
    readonly reason: string;
    readonly httpStatus: number | undefined;
  };

/** The rule that the indicators of the page ask for, if any does. */
export function wantedIoc(page: IocPage, key: string): WantedIoc | undefined {
  const leader = page.leadingOwner(key)?.props;
  if (leader === undefined) return undefined;
  const others = (page.value(key)?.owners ?? [])
    .flatMap((id) => page.owner(id)?.props?.stixId ?? [])
    .filter((id) => id !== leader.stixId).sort();
  const stixIds = [leader.stixId, ...new Set(others)];
  return { ioc: iocOfKey(key), leader, stixIds };
}
