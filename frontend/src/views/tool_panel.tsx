/** Which tool is open → its panel at the right of the view. */

import { toolPanel } from "../state";
import { later } from "./later";

const FindPanel = later((parts) => parts.FindPanel);
const HealthPanel = later((parts) => parts.HealthPanel);

export function ToolPanel() {
  if (toolPanel.value === "find") return <FindPanel />;
  return toolPanel.value === "health" ? <HealthPanel /> : null;
}
