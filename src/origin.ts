import { isRoot } from './places.js';

/** As what, and from where, the program was started: options mean what they meant there. */
export interface Origin {
  directory: string;
  isRoot: boolean;
}

/** Of this process, as it is now. */
export function originHere(): Origin {
  return { directory: process.cwd(), isRoot: isRoot() };
}
