//! Places and figures that are nobody's, and the same beside somebody.

use super::*;

#[test]
fn places_and_figures_are_nobodys_unless_somebody_stands_beside_them() {
    let engine = shipped();
    let mut wrong = Vec::new();
    for (body, expected) in [
        (r#"{"rows":[{"age_group":"18-24","gender":"male","count":410}]}"#, 0),
        (r#"{"gender":"F","age_range":"25-34","users":1200}"#, 0),
        (r#"{"email":"sana.k@example.pk","age_group":"18-24","gender":"male","count":4}"#, 3),
        (r#"{"count":4,"age_group":"18-24","gender":"male","email":"sana.k@example.pk"}"#, 3),
        (r#"{"age_group":"18-24","gender":"male"}"#, 2),
        (
            r#"{"coord":{"lon":67.0112,"lat":24.8711},"weather":[{"id":800}],"wind":{"speed":4.1}}"#,
            0,
        ),
        (r#"{"coord":{"lon":67.0112,"lat":24.8711},"weather":"sunny"}"#, 2),
        (
            r#"{"coord":{"lon":67.0112,"lat":24.8711},"weather":"dry","wind":4,"email":"sana.k@example.pk"}"#,
            3,
        ),
        (
            r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[74.3436,31.5497]},"properties":{"opening_hours":"Mo-Su"}}"#,
            0,
        ),
        (
            r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[74.3436,31.5497]},"properties":{"speed":3}}"#,
            2,
        ),
        (r#"{"stores":[{"name":"Mi Store","location":{"lat":24.8607,"lng":67.0011}}]}"#, 0),
        (r#"{"station_id":"KHI1","lat":24.8607,"lon":67.0011,"pm25":41}"#, 0),
        (r#"{"store":{"customers":[{"lat":24.8607,"lng":67.0011}]}}"#, 2),
        (r#"{"store_name":"Mi Store","user_lat":24.8607,"user_lng":67.0011}"#, 2),
        (r#"{"coordinates":{"x":120,"y":44}}"#, 0),
        (r#"{"coordinates":{"x":67.0011,"y":24.8607}}"#, 2),
    ] {
        let findings = inspect(&engine, &message(JSON, body.as_bytes()), "").findings;
        if findings.items.len() != expected {
            wrong.push(format!("{} in {body}", findings.items.len()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
