"use strict";
const REPORT = JSON.parse(document.getElementById("report").textContent);
