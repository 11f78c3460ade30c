import { asyncProperty, check, sample } from 'fast-check';
import type { Demands } from './demands.js';
import { sessions } from './generate.js';
import { planOf } from './plan.js';
import type { Session, Step } from './session.js';

/** Sessions that are played while one is shortened. */
const MAX_SESSIONS = 150;

/** Returns the session of a seed. */
export function generate(seed: number, demands: Demands): Session {
  return sample(sessions(demands), { seed, numRuns: 1 })[0] as Session;
}

/**
 * Shortens the session of a seed as long as it fails. Returns the steps of all sessions that failed, each shorter than the
 * one before.
 */
export async function shrink(
  seed: number,
  demands: Demands,
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<(readonly Step[])[]> {
  const failing: Session[] = [];
  const played = new Map<string, boolean>();
  const isFailing = async (session: Session): Promise<boolean> => {
    const steps = planOf(session, demands);
    // Sessions that differ only in actions that are impossible have the same steps.
    const key = JSON.stringify(steps);
    const isKnown = played.has(key) || played.size >= MAX_SESSIONS;
    const result = isKnown ? played.get(key) === true : await fails(steps);
    if (!isKnown) played.set(key, result);
    if (result) failing.push(session);
    return result;
  };
  const property = asyncProperty(sessions(demands), async (session) => !(await isFailing(session)));
  await check(property, { seed, numRuns: 1 });
  for (let shortest = failing.at(-1); shortest !== undefined; ) {
    shortest = await findFirst(reductions(shortest), isFailing);
  }
  return failing.map((session) => planOf(session, demands));
}

async function findFirst<T>(
  items: Iterable<T>,
  holds: (item: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const item of items) if (await holds(item)) return item;
  return undefined;
}

/** Leaves out a client that connects first, an action, or a cut of a text. fast-check does not try all of that. */
function* reductions({ clients, actions }: Session): Generator<Session> {
  for (let removed = 0; removed < clients; removed++) {
    const placeOf = (place: number): number => {
      if (place === removed) return clients - 1;
      return place > removed && place < clients ? place - 1 : place;
    };
    const moved = actions.map((action) => ({ ...action, place: placeOf(action.place) }));
    yield { clients: clients - 1, actions: moved };
  }
  for (const action of actions) yield { clients, actions: actions.filter((other) => other !== action) };
  for (const [i, action] of actions.entries()) {
    for (const cut of action.cuts) {
      const cuts = action.cuts.filter((other) => other !== cut);
      yield { clients, actions: [...actions.slice(0, i), { ...action, cuts }, ...actions.slice(i + 1)] };
    }
  }
}
