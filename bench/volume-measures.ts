/** Volumes: made and removed, over one kept connection of the API. */
import { LABEL, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";
import { Api, timedAsync } from "./network-measures.ts";

const VOLUME = "hb-volume";

async function createAndRemove(side: Side): Promise<number> {
  using api = await Api.of(side);
  return await timedAsync(async () => {
    await api.ask(201, "POST", "/volumes/create", { Name: VOLUME, Labels: { [LABEL]: "" } });
    await api.ask(204, "DELETE", `/volumes/${VOLUME}`);
  });
}

export function volumeMeasures(): Measure[] {
  return [{ name: "API volume create, rm", unit: "ms", goal: 1 / 2, repetitions: 15, quickRepetitions: 5, measure: createAndRemove }];
}
