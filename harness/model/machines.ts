import type { Environment } from './manifest.js';

/** What tells machines apart. An older run does not know its host. */
export function sameMachine(a: Environment, b: Environment): boolean {
  const hosts = a.host === undefined || b.host === undefined || a.host === b.host;
  return hosts && a.cpu === b.cpu && a.cores === b.cores && a.memoryBytes === b.memoryBytes;
}

/** The machines of some environments, each once, in order. */
export function machinesOf(environments: readonly Environment[]): Environment[] {
  return environments.filter((each, i) => environments.findIndex((other) => sameMachine(other, each)) === i);
}

/** Number of a machine, from 1. */
export const machineNumber = (machines: readonly Environment[], environment: Environment): number =>
  machines.findIndex((each) => sameMachine(each, environment)) + 1;
