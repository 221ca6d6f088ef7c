/** Weight or contribution: what every picture and number of a head is of. */

import {
  isContribution,
  quantity,
  type Quantity,
  showQuantity,
  withoutContribution,
} from "../state";
import { Segmented } from "./segmented";

const quantities: readonly { value: Quantity; name: string }[] = [
  { value: "weight", name: "Weight" },
  { value: "contribution", name: "Contribution" },
];

export interface QuantitySwitchProps {
  /** Why there is no choice; null: there is one. */
  readonly refused?: string | null;
}

export function QuantitySwitch({ refused = withoutContribution.value }: QuantitySwitchProps) {
  const isOn = refused === null && quantity.value === "contribution";
  return (
    <Segmented
      label="Shown"
      value={isOn ? "contribution" : "weight"}
      choices={quantities}
      wide
      refused={refused}
      hint={isOn || isContribution.value ? HINT : undefined}
      onChange={showQuantity}
    />
  );
}

const HINT =
  "Weight × length of the key’s value, by its row’s sum: what share of what is moved comes from there.";
