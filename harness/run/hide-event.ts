import { hideSecrets, hideSecretsIn } from '../../common/secrets.js';
import type { BuildCost, RunEvent } from '../model/events.js';

/**
 * An event as it may be stored and shown: in all that engines, servers and their clients say (messages, versions,
 * settings they took, images) no secret is left. What we name ourselves (ids, states, phases) stays as it is: files are
 * found by it.
 */
export function hideEvent<T extends RunEvent>(event: T): T {
  const hidden: Record<string, unknown> = { ...event };
  for (const key of ['message', 'error', 'reason'] as const)
    if (typeof hidden[key] === 'string') hidden[key] = hideSecrets(hidden[key]);
  if ('effective' in event) hidden['effective'] = hideSecretsIn(event.effective);
  if ('cost' in event) hidden['cost'] = hideCost(event.cost);
  return hidden as unknown as T;
}

function hideCost(cost: BuildCost): BuildCost {
  const { engineVersion, details, server } = cost;
  const image = server?.image;
  const imageVersion = server?.imageVersion;
  return {
    ...cost,
    ...(engineVersion !== undefined && { engineVersion: hideSecrets(engineVersion) }),
    ...(details !== undefined && { details: hideSecretsIn(details) }),
    ...(server !== undefined && {
      server: {
        ...server,
        ...(image !== undefined && { image: hideSecrets(image) }),
        ...(imageVersion !== undefined && { imageVersion: hideSecrets(imageVersion) }),
      },
    }),
  };
}
