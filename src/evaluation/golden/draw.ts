/** A whole number from 0, less than `below`, by chance. */
export type Draw = (below: number) => number;
